import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import RouteNetlink

/// VXLAN links with their neighbours, forwarding entries and routes, as `ip` and `bridge` know them.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANTests {
    let host: TestHost

    init() throws {
        host = try TestHost()
        try host.namespace.shell(
            """
            ip link add under0 type veth peer name under1
            ip address add 192.168.77.11/24 dev under0
            ip link set under0 up
            ip link set under1 up
            """)
    }

    private func makeDevice(_ socket: inout RouteSocket) throws -> Link {
        let underlay = try #require(try socket.link(named: "under0")).index
        var request = NewLink(name: "vxlan.1")
        request.mac = MACAddress("02:00:00:00:00:0b")
        request.isUp = true
        let options = VXLANOptions(
            id: 1, underlay: underlay, local: IPAddress("192.168.77.11"), port: 8472, isLearning: false)
        try socket.perform(.create(request, options))
        return try #require(try socket.link(named: "vxlan.1"))
    }

    @Test func makesADeviceAsFlannelDoes() throws {
        var socket = try RouteSocket(in: host.namespace)
        let link = try makeDevice(&socket)
        let shown = try host.run("ip", "-d", "link", "show", "vxlan.1")
        #expect(
            shown.contains("vxlan id 1 local 192.168.77.11 dev under0 srcport 0 0 dstport 8472 nolearning ttl auto"))
        #expect(shown.contains("link/ether 02:00:00:00:00:0b"))
        #expect(link.mtu == 1450)
        #expect(link.vxlan?.id == 1 && link.vxlan?.port == 8472 && link.vxlan?.isLearning == false)
        #expect(link.vxlan?.local == IPAddress("192.168.77.11") && link.vxlan?.isSpecial == false)
    }

    @Test func readsTheEffectiveValuesOfOthersDevices() throws {
        try host.run("ip", "link", "add", "other", "type", "vxlan", "id", "7", "local", "fd00::1", "dstport", "4789")
        try host.run(
            "ip", "link", "add", "special", "type", "vxlan", "id", "9", "group", "239.1.1.1", "dev", "under0",
            "dstport", "0", "proxy")
        var socket = try RouteSocket(in: host.namespace)
        let other = try #require(try socket.link(named: "other")?.vxlan)
        #expect(other.id == 7 && other.local == IPAddress("fd00::1") && other.port == 4789)
        #expect(other.isLearning && other.underlay == nil && other.group == nil && !other.isSpecial)
        let special = try #require(try socket.link(named: "special")?.vxlan)
        #expect(special.isSpecial && special.group == IPAddress("239.1.1.1"))
    }

    @Test func changesInPlaceWhatTheKernelAllows() throws {
        var socket = try RouteSocket(in: host.namespace)
        let link = try makeDevice(&socket)
        let options = VXLANOptions(local: IPAddress("192.168.77.12"), isLearning: true)
        var change = LinkChange()
        change.options = options
        try socket.perform(.change(link.index, link.name, to: change))
        let now = try #require(try socket.link(named: "vxlan.1"))
        #expect(now.index == link.index)
        #expect(now.vxlan?.local == IPAddress("192.168.77.12") && now.vxlan?.isLearning == true)
        change.options = VXLANOptions(port: 4789)
        #expect(throws: SystemError.self) { try socket.perform(.change(link.index, link.name, to: change)) }
    }

    @Test func setsAndDeletesNeighborsAndForwardingEntries() throws {
        var socket = try RouteSocket(in: host.namespace)
        let index = try makeDevice(&socket).index
        let mac = try #require(MACAddress("02:00:00:00:00:0c"))
        let endpoint = try #require(IPAddress("192.168.77.12"))
        var entries: [Neighbor] = [Neighbor(.forwarding, on: index, endpoint, is: mac)]
        for address in ["10.244.2.0", "fd00:2::"] {
            entries.append(Neighbor(.neighbors, on: index, try #require(IPAddress(address)), is: mac))
        }
        // Setting twice is no error.
        try socket.perform((entries + entries).map { .replace($0) })
        let shown = try host.run("ip", "neigh", "show", "dev", "vxlan.1")
        #expect(shown.contains("10.244.2.0 lladdr 02:00:00:00:00:0c PERMANENT"))
        #expect(shown.contains("fd00:2:: lladdr 02:00:00:00:00:0c PERMANENT"))
        let table = try host.run("bridge", "fdb", "show", "dev", "vxlan.1")
        #expect(table.contains("02:00:00:00:00:0c dst 192.168.77.12 self permanent"))
        let present = try socket.neighbors(.neighbors, on: index) + socket.neighbors(.forwarding, on: index)
        #expect(Set(present.filter(\.isPermanent)) == Set(entries))

        try socket.perform(entries.map { .delete($0) })
        #expect(try socket.neighbors(.forwarding, on: index).isEmpty)
        #expect(try socket.neighbors(.neighbors, on: index).filter(\.isPermanent).isEmpty)
    }

    @Test func theEntryOfAllZerosLeadsToManyHosts() throws {
        var socket = try RouteSocket(in: host.namespace)
        let index = try makeDevice(&socket).index
        let entries = try ["192.168.77.12", "192.168.77.13"].map { text in
            let address = try #require(IPAddress(text))
            return Neighbor(.forwarding, on: index, address, is: .zero)
        }
        try socket.perform((entries + entries).map { .replace($0) })
        #expect(Set(try socket.neighbors(.forwarding, on: index)) == Set(entries))
        try socket.perform(.delete(entries[0]))
        #expect(try socket.neighbors(.forwarding, on: index) == [entries[1]])
    }

    @Test func routesOfOneOriginAreTheirOwn() throws {
        var socket = try RouteSocket(in: host.namespace)
        let index = try makeDevice(&socket).index
        try host.run("ip", "route", "add", "10.9.0.0/24", "dev", "under0")
        let origin = Route.Origin(rawValue: 193)
        for text in ["10.244.2.0/24", "fd00:2::/64"] {
            let network = try #require(CIDR(text))
            var route = Route(to: network, via: network.first, device: index, origin: origin, isOnLink: true)
            route.table = Route.mainTable
            try socket.perform(.addOnly(route))
            #expect(throws: SystemError.self) { try socket.perform(.addOnly(route)) }
            let present = try #require(try socket.mainRoutes(network.family).first { $0.origin == origin })
            #expect(present.destination == network && present.gateway == network.first && present.isOnLink)
            let family = network.family == .v4 ? "-4" : "-6"
            let shown = try host.run("ip", family, "route", "show", "proto", "193")
            #expect(shown.hasPrefix("\(text) via \(network.first) dev vxlan.1"))
            try socket.perform(.replace(route))
            try socket.perform(.delete(route))
            #expect(try !socket.mainRoutes(network.family).contains { $0.origin == origin })
        }
    }

    @Test func thousandsOfRequestsGoInOneCall() throws {
        var socket = try RouteSocket(in: host.namespace)
        let index = try makeDevice(&socket).index
        let entries = (1...3000 as ClosedRange<UInt32>).map { number in
            Neighbor(
                .forwarding, on: index, .v4(IPv4Address(rawValue: 0x0a00_0000 + number)),
                is: MACAddress(locallyAdministeredFrom: UInt64(number) << 8))
        }
        try socket.perform(entries.map { .replace($0) })
        #expect(Set(try socket.neighbors(.forwarding, on: index)) == Set(entries))
        try socket.perform(entries.map { .delete($0) })
        // All of them are refused now, and the first refusal is told.
        let error = #expect(throws: SystemError.self) { try socket.perform(entries.map { .delete($0) }) }
        #expect(error?.code == .noSuchFile && error?.subject == "\(entries[0])")
        #expect(try socket.neighbors(.forwarding, on: index).isEmpty)
    }

    @Test func switchesChecksumOffload() throws {
        var socket = try RouteSocket(in: host.namespace)
        _ = try makeDevice(&socket)
        for isOn in [false, true] {
            let present = try host.namespace.run { () throws(SystemError) in
                try ChecksumOffload.set("vxlan.1", on: isOn)
                return try ChecksumOffload.isOn("vxlan.1")
            }
            #expect(present == isOn)
            let shown = try host.run("ethtool", "-k", "vxlan.1")
            #expect(shown.contains("tx-checksum-ip-generic: \(isOn ? "on" : "off")"))
        }
        #expect(throws: SystemError.self) { try ChecksumOffload.isOn("nothing.here") }
    }
}
