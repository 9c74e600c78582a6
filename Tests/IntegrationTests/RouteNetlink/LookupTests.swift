import Addressing
import LinuxSystem
import RouteNetlink
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct LookupTests {
    @Test(arguments: [("192.0.2.9", "192.0.2.1"), ("2001:db8::9", "2001:db8::1")])
    func findsTheWayThatTheKernelTakes(address: String, source: String) throws {
        let host = try NetworkNamespace.make()
        try host.shell(
            """
            ip link add eth0 type veth peer name wire
            ip address add \(source)/\(source.contains(":") ? 64 : 24) dev eth0 nodad
            ip link set eth0 up && ip link set wire up
            """)
        var socket = try RouteSocket(in: host)
        let destination = try #require(IPAddress(address))
        let way = try #require(try socket.way(to: destination))
        #expect(way.device == (try socket.link(named: "eth0")?.index))
        #expect(way.preferredSource == IPAddress(source))
        let nowhere = try #require(IPAddress("198.51.100.1"))
        #expect(try socket.way(to: nowhere) == nil)
    }

    @Test func tellsWhichAddressesStay() throws {
        let host = try NetworkNamespace.make()
        try host.shell(
            """
            ip link add eth0 type veth peer name wire
            ip address add 192.0.2.1/24 dev eth0
            ip address add 192.0.2.2/24 dev eth0
            ip address add 198.51.100.1/24 dev eth0 valid_lft 1000 preferred_lft 0
            """)
        var socket = try RouteSocket(in: host)
        let addresses = try socket.addresses().filter { $0.address.address.family == .v4 }
        #expect(
            addresses.map(\.isPermanent) == [true, false, true] || addresses.map(\.isPermanent) == [true, true, false])
        #expect(addresses.filter(\.isDeprecated).map { "\($0.address.address)" } == ["198.51.100.1"])
        // The second of a network is no temporary one, though the kernel has one bit for both.
        #expect(addresses.allSatisfy { !$0.isTemporary })
    }
}
