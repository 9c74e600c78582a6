import Addressing
import RouteNetlink
import Testing

@testable import Overlay

/// How differences add up to the state of a peer.
struct OverlayInspectionTests {
    static let index = InterfaceIndex(rawValue: 7)

    let mac: MACAddress
    let other: MACAddress
    let endpoint: IPAddress
    let subnets: [CIDR]

    init() throws {
        mac = try #require(MACAddress("02:00:00:00:00:0c"))
        other = try #require(MACAddress("02:00:00:00:00:99"))
        endpoint = try #require(IPAddress("192.168.1.12"))
        subnets = [try #require(CIDR("10.244.2.0/24")), try #require(CIDR("fd00:2::/64"))]
    }

    /// Route, neighbour and forwarding entry of the only peer.
    private func states(
        _ differences: [OverlayDifference], direct: [String] = [],
        delivery: VXLANDevice.Delivery = .routed(addresses: [.any(.v4), .any(.v6)])
    ) throws -> [OverlayInspection.State?] {
        let device = VXLANDevice(
            name: "vxlan.1", id: 1, underlay: InterfaceIndex(rawValue: 2), local: endpoint, mac: mac, mtu: 1450,
            delivery: delivery)
        let overlay = VXLANOverlay(
            device: device, peers: [VXLANPeer(endpoint: endpoint, mac: mac, subnets: subnets)],
            directNetworks: direct.compactMap { CIDR($0) })
        let inspection = OverlayInspection(overlay.wanted(on: Self.index), differences)
        #expect(inspection.differences == differences)
        let peer = try #require(inspection.peers[endpoint])
        return [peer.route, peer.neighbor, peer.forwarding]
    }

    @Test func withoutDifferencesAllIsWell() throws {
        #expect(try states([]) == [.ok, .ok, .ok])
    }

    @Test func oneEntryOfSeveralIsEnough() throws {
        let peer = OverlayDifference.Subject.peer(endpoint)
        #expect(try states([OverlayDifference(peer, .route(subnets[1]), .missing)]) == [.missing, .ok, .ok])
        #expect(try states([OverlayDifference(peer, .neighbor(subnets[0].first), .missing)]) == [.ok, .missing, .ok])
        #expect(try states([OverlayDifference(peer, .forwarding(mac), .missing)]) == [.ok, .ok, .missing])
    }

    @Test func wrongIsWorseThanMissing() throws {
        let peer = OverlayDifference.Subject.peer(endpoint)
        let routes = [
            OverlayDifference(peer, .route(subnets[0]), .wrong("10.244.2.0/24")),
            OverlayDifference(peer, .route(subnets[1]), .missing),
        ]
        #expect(try states(routes) == [.wrong, .ok, .ok])
    }

    @Test func anEntryForTheOldAddressIsWrong() throws {
        let peer = OverlayDifference.Subject.peer(endpoint)
        let forwarding = [
            OverlayDifference(peer, .forwarding(mac), .missing), OverlayDifference(peer, .forwarding(other), .surplus),
        ]
        #expect(try states(forwarding) == [.ok, .ok, .wrong])
    }

    @Test func whatIsNoPeersSaysNothingOfPeers() throws {
        let elsewhere = try #require(IPAddress("192.168.1.13"))
        let differences = [
            OverlayDifference(.device("vxlan.1"), .route(subnets[0]), .surplus),
            OverlayDifference(.peer(elsewhere), .forwarding(mac), .missing),
        ]
        #expect(try states(differences) == [.ok, .ok, .ok])
    }

    @Test func aPeerHasNoStateForWhatItDoesNotNeed() throws {
        let segment = VXLANDevice.Delivery.segment(bridge: .noInterface, group: nil)
        #expect(try states([], delivery: segment) == [nil, nil, .ok])
        let group = VXLANDevice.Delivery.segment(bridge: .noInterface, group: IPAddress("239.1.1.1"))
        #expect(try states([], delivery: group) == [nil, nil, nil])
        // The subnet of the other family is encapsulated.
        #expect(try states([], direct: ["192.168.1.0/24"]) == [.ok, .ok, .ok])
    }
}
