import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import RouteNetlink

/// What is written through the socket is read back by `ip`, and the other way round.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct RouteSocketTests {
    let host: TestHost
    let container: TestContainer

    init() throws {
        host = try TestHost()
        container = try TestContainer()
    }

    private func makePair(_ socket: inout RouteSocket) throws {
        var end = NewLink(name: "veth1")
        end.mtu = 1400
        end.isUp = true
        end.transmitQueueLength = 0
        var peer = NewLink(name: "eth0")
        peer.mtu = 1400
        peer.mac = MACAddress("02:00:00:00:00:05")
        try socket.perform(.create(end, VethPeer(peer, in: container.namespace)))
    }

    @Test func makesAPairWithItsPeerElsewhere() throws {
        var socket = try RouteSocket(in: host.namespace)
        try makePair(&socket)
        let peer = try #require(try container.link("eth0"))
        #expect(peer["mtu"] == 1400 && peer["address"] == "02:00:00:00:00:05")
        let link = try #require(try socket.link(named: "veth1"))
        #expect(link.mtu == 1400 && link.isUp)
        var inside = try RouteSocket(in: container.namespace)
        let other = try #require(try inside.link(named: "eth0"))
        #expect(link.peer?.index == other.index && other.peer?.index == link.index)
        #expect(other.mac == MACAddress("02:00:00:00:00:05"))
    }

    @Test func marksWhatItMakesAndNothingElse() throws {
        var socket = try RouteSocket(in: host.namespace)
        var mark = LinkChange()
        mark.alias = "ours"
        try socket.create(NewLink(name: "br0"), BridgeOptions(), then: mark)
        #expect(try socket.link(named: "br0")?.alias == "ours")
        try socket.createVethPair(NewLink(name: "a"), NewLink(name: "b"), then: mark)
        #expect(try socket.link(named: "a")?.alias == "ours")
        #expect(try socket.link(named: "b")?.alias == "ours")

        // A link of somebody else has the name already, as it does when that program was faster.
        try host.run("ip", "link", "add", "br1", "type", "bridge")
        let error = #expect(throws: SystemError.self) {
            var socket = try RouteSocket(in: host.namespace)
            try socket.create(NewLink(name: "br1"), BridgeOptions(), then: mark)
        }
        #expect(error?.code == .exists)
        #expect(try socket.link(named: "br1")?.alias == nil)
        // Of a pair, either end may be in the way.
        for (name, peer) in [("br1", "c"), ("c", "br1")] {
            let error = #expect(throws: SystemError.self) {
                var socket = try RouteSocket(in: host.namespace)
                try socket.createVethPair(NewLink(name: name), NewLink(name: peer), then: mark)
            }
            #expect(error?.code == .exists)
            #expect(try socket.link(named: "br1")?.alias == nil)
        }
        #expect(try socket.link(named: "c") == nil)
    }

    /// Among hundreds of links, some number is chosen twice.
    @Test func givesManyLinksNumbersOfTheirOwn() throws {
        var socket = try RouteSocket(in: host.namespace)
        var mark = LinkChange()
        let count = 500
        for number in 0..<count {
            mark.alias = "ours \(number)"
            try socket.createVethPair(NewLink(name: "a\(number)"), NewLink(name: "b\(number)"), then: mark)
        }
        let links = try socket.links().filter { $0.name != "lo" }
        #expect(links.count == 2 * count)
        #expect(links.allSatisfy { $0.alias == "ours \($0.name.dropFirst())" })
    }

    /// More events than a socket holds mean that whoever waits looks again.
    @Test func lostEventsEndAWait() throws {
        var socket = try RouteSocket(in: host.namespace)
        try socket.perform(.create(NewLink(name: "br0"), BridgeOptions()))
        try host.run("ip", "link", "set", "br0", "up")
        var links = try RouteMonitor(.links, in: host.namespace)
        var addresses = try RouteMonitor(.ipv6Addresses, in: host.namespace)
        let commands = (0..<4000).map { number in
            let digits = String(number + 1, radix: 16)
            return "address add fd00::\(digits)/64 dev br0 nodad\nlink set br0 alias a\(number)\n"
        }
        try host.namespace.shell("ip -batch -", input: commands.joined())
        #expect(try addresses.wait(milliseconds: 10_000))
        let index = try #require(try socket.link(named: "br0")).index
        #expect(try links.wait(for: index, milliseconds: 10_000) { _ in false })
    }

    @Test func tellsWhatKindALinkIs() throws {
        var socket = try RouteSocket(in: host.namespace)
        try makePair(&socket)
        try socket.perform(.create(NewLink(name: "br0"), BridgeOptions()))
        try host.run("ip", "tuntap", "add", "tap0", "mode", "tap")
        let kinds = Dictionary(try socket.links().map { ($0.name, $0.kind) }) { first, _ in first }
        #expect(kinds["lo"] == .hardware && kinds["tap0"] == .other("tun"))
        guard case .bridge = kinds["br0"], case .veth(let peer?) = kinds["veth1"] else {
            Issue.record("\(kinds)")
            return
        }
        // The other end is found by this namespace's number for that of the container.
        var inside = try RouteSocket(in: container.namespace)
        let link = try #require(try inside.link(named: "eth0"))
        let address = try #require(InterfaceAddress("10.1.2.5/24"))
        try inside.perform(.add(address, to: link.index, "eth0", detectsDuplicates: false))
        #expect(try socket.assignedAddresses(of: peer.index, inNamespace: peer.namespace).map(\.address) == [address])
        #expect(peer.namespace != nil)
    }

    @Test func changesALinkInOneRequest() throws {
        var socket = try RouteSocket(in: host.namespace)
        try socket.perform(.create(NewLink(name: "br0"), BridgeOptions()))
        try makePair(&socket)
        let bridge = try #require(try socket.link(named: "br0"))
        var change = LinkChange()
        change.master = bridge.index
        try socket.perform(.change(linkNamed: "veth1", to: change))
        var more = LinkChange()
        more.alias = "cni net1 cid1 eth0"
        more.port = BridgePortOptions(isHairpin: true, isIsolated: true)
        try socket.perform(.change(linkNamed: "veth1", to: more))

        let shown = try host.ip("link", "show", "veth1").array?.first?.object
        #expect(shown?["ifalias"] == "cni net1 cid1 eth0" && shown?["master"] == "br0")
        let data = shown?["linkinfo"]?.object?["info_slave_data"]?.object
        #expect(data?["hairpin"] == true && data?["isolated"] == true)
        let link = try #require(try socket.link(named: "veth1"))
        #expect(link.master == bridge.index && link.alias == "cni net1 cid1 eth0")
        #expect(link.port?.isHairpin == true && link.port?.isIsolated == true)
    }

    @Test func givesAddressesAndRoutesInOneExchange() throws {
        var socket = try RouteSocket(in: host.namespace)
        try makePair(&socket)
        let link = try #require(try socket.link(named: "veth1"))
        let addresses = try ["10.1.2.5/24", "fd00:1::5/64"].map { try #require(InterfaceAddress($0)) }
        let wanted = try [
            Route(
                to: #require(CIDR("10.9.0.0/16")), via: IPAddress("10.1.2.1"), device: link.index, priority: 7,
                mtu: 1300),
            Route(to: #require(CIDR("10.8.0.0/16")), device: link.index, table: 5000, scope: 253, advertisedMSS: 1200),
            Route(to: .any(.v6), via: IPAddress("fd00:1::1"), device: link.index),
        ]
        try socket.perform(
            addresses.map { .add($0, to: link.index, "veth1", detectsDuplicates: false) } + wanted.map { .add($0) })

        let shown = try host.run("ip", "-4", "route", "show", "table", "all")
        #expect(shown.contains("10.9.0.0/16 via 10.1.2.1 dev veth1 metric 7"))
        #expect(shown.contains("10.8.0.0/16 dev veth1 table 5000 scope link"))
        #expect(try socket.addresses(of: link.index).filter { !$0.address.isLinkLocal } == addresses)
        for route in wanted {
            let found = try socket.routes(route.destination.family).first { $0.destination == route.destination }
            #expect(found?.gateway == route.gateway && found?.table == route.table ?? Route.mainTable)
            #expect(found?.mtu == route.mtu && found?.advertisedMSS == route.advertisedMSS)
        }
        try socket.perform(.delete(addresses[0], from: link.index, "veth1"))
        #expect(try !host.run("ip", "-4", "address").contains("10.1.2.5"))
    }

    @Test func namesTheRequestThatFailedAndCarriesOutTheRest() throws {
        var socket = try RouteSocket(in: host.namespace)
        try makePair(&socket)
        let link = try #require(try socket.link(named: "veth1"))
        let route = try Route(to: #require(CIDR("10.9.0.0/16")), via: IPAddress("203.0.113.1"), device: link.index)
        var up = LinkChange()
        up.mtu = 1300
        let error = #expect(throws: SystemError.self) {
            try socket.perform([.add(route), .delete(linkNamed: "nothing"), .change(link.index, "veth1", to: up)])
        }
        #expect(error?.operation == "add route" && error?.subject == "10.9.0.0/16 via 203.0.113.1")
        // The kernel's own words come with the number.
        #expect(error?.explanation?.isEmpty == false)
        #expect(try socket.link(named: "veth1")?.mtu == 1300)
    }

    @Test func whatIsMissingIsNoErrorAndNoAnswer() throws {
        var socket = try RouteSocket(in: host.namespace)
        #expect(try socket.link(named: "nothing") == nil)
        #expect(try socket.link(at: InterfaceIndex(rawValue: 4711)) == nil)
        #expect(try !socket.deleteLink(named: "nothing"))
        let error = #expect(throws: SystemError.self) { try socket.perform(.delete(linkNamed: "nothing")) }
        #expect(error?.code == .noSuchDevice)
    }

    @Test func listsMoreThanOneDatagramHolds() throws {
        var socket = try RouteSocket(in: host.namespace)
        for number in 0..<100 {
            try socket.perform(.create(NewLink(name: "br\(number)"), BridgeOptions()))
        }
        #expect(try socket.links().count == 101)
        let bridge = try #require(try socket.link(named: "br0"))
        let batch = try (0..<1000).map { number in
            try #require(InterfaceAddress("10.1.\(number / 250).\(number % 250 + 1)/16"))
        }
        for part in stride(from: 0, to: 1000, by: 100) {
            try socket.perform(
                batch[part..<part + 100].map { .add($0, to: bridge.index, "br0", detectsDuplicates: false) })
        }
        #expect(try socket.addresses(of: bridge.index) == batch)
    }

    @Test func hearsOfLinksThatComeUp() throws {
        var socket = try RouteSocket(in: host.namespace)
        try makePair(&socket)
        let link = try #require(try socket.link(named: "veth1"))
        var monitor = try RouteMonitor(.links, in: host.namespace)
        #expect(try !monitor.wait(for: link.index, milliseconds: 0) { $0.operationalState == .up })
        try container.run("ip", "link", "set", "eth0", "up")
        #expect(try monitor.wait(for: link.index, milliseconds: 5000) { $0.operationalState == .up })
    }
}
