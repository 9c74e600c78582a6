import Addressing
import LinuxSystem
import Overlay
import RouteNetlink
import TestSupport
import Testing
import UDPTunnel

/// A host of number N with a container: 192.168.77.1N on the underlay, 10.244.N.0/24 of the overlay.
final class TunnelHost: Sendable {
    let number: Int
    let host: TestHost
    let container: TestContainer
    let tunnel: Tunnel?

    static let network = "10.244.0.0/16"
    static let port = Tunnel.Settings.defaultPort

    var publicIP: String { "192.168.77.1\(number)" }
    var podIP: String { "10.244.\(number).5" }

    /// Makes a host at one end of a link between two namespaces; without a tunnel, the test takes its part.
    init(_ number: Int, _ host: TestHost, hasTunnel: Bool = true, queues: Int = 2) throws {
        self.number = number
        self.host = host
        container = try TestContainer()
        try host.namespace.shell(
            """
            ip address add 192.168.77.1\(number)/24 dev eth0
            ip link set eth0 up
            ip link add pod type veth peer name eth0 netns \(container.path)
            ip address add 10.244.\(number).1/24 dev pod
            ip link set pod up
            """)
        try container.namespace.shell(
            """
            ip address add 10.244.\(number).5/24 dev eth0
            ip link set eth0 mtu 1472 up
            ip route add default via 10.244.\(number).1
            """)
        guard hasTunnel else {
            tunnel = nil
            return
        }
        let subnet = try #require(CIDR("10.244.\(number).0/24"))
        let address = try #require(IPv4Address("10.244.\(number).0"))
        let settings = Tunnel.Settings(
            device: "flannel0", local: try #require(IPv4Address("192.168.77.1\(number)")), address: address,
            subnets: [subnet], queues: queues)
        tunnel = try host.namespace.run { () throws(SystemError) in try Tunnel(settings) }
        try reconcile()
    }

    deinit { tunnel?.stop() }

    /// Two hosts that know each other.
    static func pair(second hasTunnel: Bool = true, queues: Int = 2) throws -> (TunnelHost, TunnelHost) {
        let (first, second) = (try TestHost(), try TestHost())
        try first.run(
            "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", second.namespace.path)
        try second.run("ip", "link", "set", "eth0", "up")
        let one = try TunnelHost(1, first, queues: queues)
        let other = try TunnelHost(2, second, hasTunnel: hasTunnel, queues: queues)
        try one.learn(of: other)
        try other.learn(of: one)
        return (one, other)
    }

    func learn(of other: TunnelHost) throws {
        tunnel?.replaceRoutes(
            TunnelRoutes([
                .init(
                    try #require(CIDR("10.244.\(other.number).0/24")), behind: try #require(IPv4Address(other.publicIP))
                )
            ]))
    }

    @discardableResult
    func reconcile() throws -> [String] {
        let overlay = UDPOverlay(
            device: "flannel0", mtu: 1500 - UDPOverlay.overhead,
            address: try #require(IPv4Address("10.244.\(number).0")), network: try #require(CIDR(Self.network)))
        return try host.namespace.run { () throws(SystemError) in
            var socket = try RouteSocket()
            return try overlay.reconcile(on: &socket, holding: OverlayLock())
        }.map { "\($0)" }
    }
}
