import Addressing
import Testing

@testable import Overlay
@testable import RouteNetlink

/// What differs, told and mended, for states of the kernel that are written down here.
struct OverlayPlanTests {
    static let index = InterfaceIndex(rawValue: 7)
    static let underlay = InterfaceIndex(rawValue: 2)

    let mac: MACAddress
    let endpoint: IPAddress
    let peer: VXLANPeer
    let network: CIDR

    init() throws {
        mac = try #require(MACAddress("02:00:00:00:00:0c"))
        endpoint = try #require(IPAddress("192.168.1.12"))
        network = try #require(CIDR("10.244.0.0/16"))
        peer = VXLANPeer(endpoint: endpoint, mac: mac, subnets: [try #require(CIDR("10.244.2.0/24"))])
    }

    private func overlay(
        _ peers: [VXLANPeer], direct: [String] = [],
        delivery: VXLANDevice.Delivery = .routed(addresses: [.any(.v4), .any(.v6)])
    ) -> VXLANOverlay {
        let device = VXLANDevice(
            name: "vxlan.1", id: 1, underlay: Self.underlay, local: endpoint, mac: mac, mtu: 1450, delivery: delivery)
        return VXLANOverlay(
            device: device, peers: peers, directNetworks: direct.compactMap { CIDR($0) })
    }

    private func entries(_ overlay: VXLANOverlay) -> OverlayEntries {
        let peers = overlay.wanted(on: Self.index).parts.map(\.entries)
        return OverlayEntries(
            routes: peers.flatMap(\.routes), neighbors: peers.flatMap(\.neighbors),
            forwarding: peers.flatMap(\.forwarding))
    }

    /// The differences and what is done about them.
    private func plan(_ overlay: VXLANOverlay, _ present: OverlayEntries) -> (found: [String], done: [String]) {
        let plan = OverlayPlan(overlay.wanted(on: Self.index), PresentState(entries: present))
        return (plan.differences.map { "\($0)" }, plan.changes.flatMap(\.self).map(text))
    }

    private func text(_ change: OverlayPlan.Change) -> String {
        func name(_ entry: Neighbor) -> String {
            entry.table == .neighbors ? "neighbor \(entry)" : "forwarding entry \(entry)"
        }
        return switch change {
        case .add(let route): "add route \(route)"
        case .replace(let route): "replace route \(route)"
        case .remove(let route): "delete route \(route)"
        case .replaceEntry(let entry): "set \(name(entry))"
        case .removeEntry(let entry): "delete \(name(entry))"
        }
    }

    @Test func aPeerIsAddedNeighborFirstAndRouteLast() {
        let plan = plan(overlay([peer]), OverlayEntries())
        #expect(
            plan.found == [
                "peer 192.168.1.12: neighbor 10.244.2.0 missing, added",
                "peer 192.168.1.12: forwarding entry 02:00:00:00:00:0c missing, added",
                "peer 192.168.1.12: route 10.244.2.0/24 missing, added",
            ])
        #expect(
            plan.done == [
                "set neighbor 10.244.2.0 lladdr 02:00:00:00:00:0c",
                "set forwarding entry 02:00:00:00:00:0c dst 192.168.1.12",
                "add route 10.244.2.0/24 via 10.244.2.0",
            ])
    }

    @Test func nothingIsDoneWhenNothingDiffers() {
        let overlay = overlay([peer])
        let plan = plan(overlay, entries(overlay))
        #expect(plan.found.isEmpty && plan.done.isEmpty)
    }

    @Test func aPeerThatLeftLosesItsRouteFirst() {
        let plan = plan(overlay([]), entries(overlay([peer])))
        #expect(
            plan.done == [
                "delete route 10.244.2.0/24 via 10.244.2.0",
                "delete neighbor 10.244.2.0 lladdr 02:00:00:00:00:0c",
                "delete forwarding entry 02:00:00:00:00:0c dst 192.168.1.12",
            ])
        #expect(plan.found.first == "device vxlan.1: route 10.244.2.0/24 surplus, removed")
    }

    @Test func aPeerWithAnotherMACAddressLosesTheOldEntry() throws {
        let other = try #require(MACAddress("02:00:00:00:00:0d"))
        let new = overlay([VXLANPeer(endpoint: endpoint, mac: other, subnets: peer.subnets)])
        let plan = plan(new, entries(overlay([peer])))
        #expect(
            plan.found == [
                "peer 192.168.1.12: neighbor 10.244.2.0 wrong (10.244.2.0 lladdr 02:00:00:00:00:0c), corrected",
                "peer 192.168.1.12: forwarding entry 02:00:00:00:00:0d missing, added",
                "peer 192.168.1.12: forwarding entry 02:00:00:00:00:0c surplus, removed",
            ])
        #expect(plan.done.last == "delete forwarding entry 02:00:00:00:00:0c dst 192.168.1.12")
    }

    @Test func aPeerWithAnotherAddressIsMovedInPlace() throws {
        let moved = VXLANPeer(endpoint: try #require(IPAddress("192.168.1.99")), mac: mac, subnets: peer.subnets)
        let plan = plan(overlay([moved]), entries(overlay([peer])))
        #expect(
            plan.found == [
                "peer 192.168.1.99: forwarding entry 02:00:00:00:00:0c wrong (02:00:00:00:00:0c dst 192.168.1.12), corrected"
            ])
        #expect(plan.done == ["set forwarding entry 02:00:00:00:00:0c dst 192.168.1.99"])
    }

    @Test func whatIsNotOursStays() throws {
        let overlay = overlay([peer])
        var present = entries(overlay)
        let elsewhere = InterfaceIndex(rawValue: 9)
        present.routes.append(
            Route(
                to: try #require(CIDR("10.9.0.0/24")), device: elsewhere, table: Route.mainTable, origin: .overlay
            ))
        present.routes.append(
            Route(to: try #require(CIDR("10.244.9.0/24")), device: Self.index, table: 100, origin: .overlay))
        #expect(plan(overlay, present).done.isEmpty)
    }

    @Test func aRoutePastTheDeviceIsOursWhereItsNeighborSaysSo() throws {
        let direct = overlay([peer], direct: ["192.168.1.0/24"])
        let left = plan(overlay([]), entries(direct))
        #expect(
            left.done == [
                "delete route 10.244.2.0/24 via 192.168.1.12", "delete neighbor 10.244.2.0 lladdr 02:00:00:00:00:0c",
            ])
        var unclaimed = entries(direct)
        unclaimed.neighbors = []
        #expect(plan(overlay([]), unclaimed).done.isEmpty)
    }

    @Test func aRouteByAnotherOverlaysDeviceIsTheirs() throws {
        var present = PresentState(entries: entries(overlay([peer])))
        let theirs = InterfaceIndex(rawValue: 9)
        present.entries.routes[0].device = theirs
        present.otherDevices = [theirs]
        #expect(
            OverlayPlan(overlay([]).wanted(on: Self.index), present).changes.flatMap(\.self).map(text).allSatisfy {
                !$0.contains("route")
            })
        #expect(
            OverlayPlan(overlay([peer]).wanted(on: Self.index), present).changes.flatMap(\.self)
                == [.add(try #require(entries(overlay([peer])).routes.first))])
    }

    @Test func anothersRouteIsNotReplaced() throws {
        let overlay = overlay([peer])
        var present = entries(overlay)
        present.routes[0].priority = 100
        var theirs = present.routes[0]
        theirs.origin = .boot
        theirs.priority = nil
        present.routes.append(theirs)
        let moved = plan(overlay, present)
        #expect(
            moved.done == [
                "add route 10.244.2.0/24 via 10.244.2.0", "delete route 10.244.2.0/24 via 10.244.2.0 metric 100",
            ])
    }

    @Test func anIPv6GatewayThatOthersLeadToGetsAFooting() throws {
        let peer = VXLANPeer(endpoint: endpoint, mac: mac, subnets: [try #require(CIDR("fd00:2::/64"))])
        let overlay = overlay([peer])
        var present = entries(overlay)
        present.routes = [Route(to: try #require(CIDR("fd00::/8")), device: Self.underlay, table: Route.mainTable)]
        let plan = plan(overlay, present)
        #expect(
            plan.done == [
                "add route fd00:2::/128 metric 1", "add route fd00:2::/64 via fd00:2::",
                "delete route fd00:2::/128 metric 1",
            ])
    }

    @Test func anOverlayWithoutADeviceHasRoutesOnly() throws {
        let subnets = try ["10.244.2.0/24", "10.244.3.0/24"].map { try #require(CIDR($0)) }
        let routes = subnets.map { Route(toPart: $0, via: endpoint, device: Self.underlay) }
        let wanted = WantedState(
            peers: [WantedState.Peer(endpoint: endpoint, OverlayEntries(routes: [routes[0]]))], name: "eth0",
            device: nil, networks: [network])
        let foreign = Route(toPart: try #require(CIDR("10.9.0.0/24")), via: endpoint, device: Self.underlay)
        let plan = OverlayPlan(wanted, PresentState(entries: OverlayEntries(routes: [routes[1], foreign])))
        #expect(
            plan.differences.map { "\($0)" } == [
                "peer 192.168.1.12: route 10.244.2.0/24 missing, added",
                "device eth0: route 10.244.3.0/24 surplus, removed",
            ])
        #expect(plan.changes.flatMap(\.self) == [.remove(routes[1]), .add(routes[0])])
        #expect(OverlayInspection(wanted, plan.differences).peers[endpoint]?.route == .missing)
        #expect(OverlayInspection(wanted, plan.differences).peers[endpoint]?.neighbor == nil)
    }

    @Test func peersOnTheSameLinkAreRoutedAsTheyAre() throws {
        let far = VXLANPeer(
            endpoint: try #require(IPAddress("192.168.2.13")), mac: try #require(MACAddress("02:00:00:00:00:0d")),
            subnets: [try #require(CIDR("10.244.3.0/24"))])
        let direct = overlay([peer, far], direct: ["192.168.1.0/24"])
        let plan = plan(direct, OverlayEntries())
        #expect(
            plan.done == [
                "set neighbor 10.244.3.0 lladdr 02:00:00:00:00:0d",
                // It says whose the route past the device is.
                "set neighbor 10.244.2.0 lladdr 02:00:00:00:00:0c",
                "set forwarding entry 02:00:00:00:00:0d dst 192.168.2.13",
                "add route 10.244.2.0/24 via 192.168.1.12", "add route 10.244.3.0/24 via 10.244.3.0",
            ])
        // From one way to the other: the route is changed in place, and what it needed goes after it.
        let back = self.plan(direct, entries(overlay([peer, far])))
        #expect(
            back.done == [
                "replace route 10.244.2.0/24 via 192.168.1.12",
                "delete forwarding entry 02:00:00:00:00:0c dst 192.168.1.12",
            ])
    }

    @Test func aSubnetOfTheOtherFamilyIsAlwaysEncapsulated() throws {
        let dual = VXLANPeer(endpoint: endpoint, mac: mac, subnets: peer.subnets + [try #require(CIDR("fd00:2::/64"))])
        let wanted = overlay([dual], direct: ["192.168.1.0/24"]).wanted(on: Self.index).peers[0].entries
        #expect(wanted.routes.map(\.isOnLink) == [false, true])
        #expect(wanted.neighbors.map(\.address) == [try #require(IPAddress("fd00:2::"))])
        #expect(wanted.forwarding.count == 1)
    }

    @Test func aFamilyThatThisHostHasNotIsNotRouted() throws {
        let dual = VXLANPeer(endpoint: endpoint, mac: mac, subnets: peer.subnets + [try #require(CIDR("fd00:2::/64"))])
        let single = overlay([dual], direct: ["192.168.1.0/24"], delivery: .routed(addresses: [.any(.v4)]))
        #expect(entries(single).routes.map(\.destination) == peer.subnets)
        #expect(single.unservedSubnets.map { "\($0.subnet) of \($0.peer.endpoint)" } == ["fd00:2::/64 of 192.168.1.12"])
    }

    @Test func aSegmentSendsBroadcastToEveryPeer() throws {
        let segment = VXLANDevice.Delivery.segment(bridge: InterfaceIndex(rawValue: 3), group: nil)
        let other = VXLANPeer(endpoint: try #require(IPAddress("192.168.1.13")), mac: mac, subnets: [])
        let overlay = overlay([peer, other], delivery: segment)
        var present = entries(overlay)
        #expect(present.routes.isEmpty && present.neighbors.isEmpty)
        #expect(present.forwarding.allSatisfy { $0.mac == .zero } && present.forwarding.count == 2)

        // Containers that were seen behind a peer stay known, and those behind no peer do not.
        let container = try #require(MACAddress("02:00:00:00:00:77"))
        present.forwarding.append(Neighbor(.forwarding, on: Self.index, endpoint, is: container))
        let stranger = try #require(IPAddress("192.168.1.66"))
        present.forwarding.append(Neighbor(.forwarding, on: Self.index, stranger, is: container))
        present.forwarding.append(Neighbor(.forwarding, on: Self.index, stranger, is: .zero))
        let plan = plan(overlay, present)
        #expect(
            plan.done == [
                "delete forwarding entry 00:00:00:00:00:00 dst 192.168.1.66",
                "delete forwarding entry 02:00:00:00:00:77 dst 192.168.1.66",
            ])
    }

    @Test func aGroupTakesThePlaceOfTheEntriesForBroadcast() throws {
        let group = try #require(IPAddress("239.1.1.1"))
        let delivery = VXLANDevice.Delivery.segment(bridge: InterfaceIndex(rawValue: 3), group: group)
        let overlay = overlay([peer], delivery: delivery)
        #expect(plan(overlay, OverlayEntries()).done == ["set forwarding entry 00:00:00:00:00:00 dst 239.1.1.1"])
        let entry = Neighbor(.forwarding, on: Self.index, group, is: .zero, through: Self.underlay)
        #expect(plan(overlay, OverlayEntries(forwarding: [entry])).done.isEmpty)
    }
}
