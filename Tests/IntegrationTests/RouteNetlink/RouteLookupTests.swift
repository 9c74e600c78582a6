import Addressing
import LinuxSystem
import RouteNetlink
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct RouteLookupTests {
    @Test(arguments: [("10.1.2.0/24", "10.1.2.2", "10.9.9.9"), ("fd00:1::/64", "fd00:1::2", "fd00:9::9")])
    func findsTheInterfaceTowardsAnAddress(network: String, inside: String, outside: String) throws {
        let host = try TestHost()
        try host.namespace.shell(
            "ip link add c0 type veth peer name c1; ip link set c0 up; ip link set c1 up; ip route add \(network) dev c0"
        )
        var socket = try RouteSocket(in: host.namespace)
        let index = try #require(try socket.link(named: "c0")?.index)
        #expect(try socket.way(to: #require(IPAddress(inside)))?.device == index)
        #expect(try socket.way(to: #require(IPAddress(outside))) == nil)
        try host.namespace.shell("ip route add unreachable \(outside)")
        #expect(try socket.way(to: #require(IPAddress(outside))) == nil)
    }

    @Test func aRouteMaySayWhatIsLocal() throws {
        let host = try TestHost()
        try host.namespace.shell("ip link add c0 type veth peer name c1; ip link set c0 up; ip link set c1 up")
        var socket = try RouteSocket(in: host.namespace)
        let index = try #require(try socket.link(named: "c0")?.index)
        let loopback = try #require(CIDR("::1/128"))
        var route = Route(
            to: loopback, device: index, priority: 2048, table: Route.localTable, origin: .init(rawValue: 193))
        route.kind = .local
        try socket.perform(.addOnly(route))
        #expect(throws: SystemError.self) { try socket.perform(.addOnly(route)) }
        let listed = try host.run("ip", "-6", "route", "show", "table", "local", "proto", "193")
        #expect(listed.hasPrefix("local ::1 dev c0 metric 2048"), "\(listed)")
        #expect(try socket.localRoutes(.v6).contains { $0.destination == loopback && $0.device == index })
        #expect(try socket.localRoutes(.v4).allSatisfy { $0.destination.family == .v4 && $0.device != index })
    }
}
