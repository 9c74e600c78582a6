import Addressing
import LinuxSystem
import PacketRules
import PluginKit
import RouteNetlink

/// What lets the host's own programs reach containers by `127.0.0.1` and `::1`.
///
/// Answers come back from the container's interface to an address that is not to come from there. IPv4 takes them where
/// `route_localnet` is on. IPv6 takes them where a route says that the address is local to that interface as well; what
/// comes from there to `::1` unasked, the kernel drops before it looks at routes.
struct LocalhostAccess: ~Copyable {
    private var host: RouteSocket

    init() throws(SystemError) {
        host = try RouteSocket()
    }

    /// Lets answers come from the interfaces by which containers are reached; it stays, as the interfaces do.
    mutating func enable(for ports: [PortForward]) throws(SystemError) {
        for (target, interface) in try interfaces(towards: ports) {
            switch target.family {
            case .v4: try Sysctl.ensure(Self.parameter(interface), is: "1")
            case .v6:
                do throws(SystemError) {
                    try host.perform(.addOnly(Self.route(interface)))
                } catch  where error.code == .exists {}
            }
        }
    }

    mutating func inspect(_ ports: [PortForward], _ differences: inout Differences) throws(SystemError) {
        for (target, interface) in try interfaces(towards: ports) {
            switch target.family {
            case .v4:
                if try Sysctl.value(of: Self.parameter(interface)) != "1" {
                    differences.note("route_localnet of \(interface.name) is off, which 127.0.0.1 needs")
                }
            case .v6:
                let table = try host.localRoutes(.v6)
                if !table.contains(where: { $0.destination == Self.loopback && $0.device == interface.index }) {
                    differences.note("\(interface.name) has no route for ::1, which answers need")
                }
            }
        }
    }

    /// Each container's address that is to be reached so, once, with the interface towards it.
    private mutating func interfaces(
        towards ports: [PortForward]
    ) throws(SystemError) -> [(IPAddress, Link)] {
        var interfaces: [(IPAddress, Link)] = []
        for target in Set(ports.filter(\.isForLocalhost).map(\.target.address)) {
            // Without a way to it there is none for answers either.
            guard let index = try host.way(to: target)?.device, let link = try host.link(at: index) else { continue }
            interfaces.append((target, link))
        }
        return interfaces
    }

    private static func parameter(_ interface: Link) -> String {
        "net/ipv4/conf/\(interface.name)/route_localnet"
    }

    private static let loopback = CIDR("::1/128") ?? .any(.v6)

    /// Behind that of `lo`, by which this host's own packets go.
    private static func route(_ interface: Link) -> Route {
        var route = Route(
            to: loopback, device: interface.index, priority: 2048, table: Route.localTable, origin: .suite)
        route.kind = .local
        return route
    }
}
