import Addressing
import Conntrack
import LinuxSystem
import PacketRules
import TestSupport
import Testing

/// Connections of a host to its own ports and, by the same number of a port, to somebody else's.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct StaleConnectionsTests {
    private let host: TestHost
    private let outside: TestContainer

    init() throws {
        host = try TestHost()
        outside = try TestContainer()
        try host.namespace.shell(
            """
            ip link add o0 type veth peer name eth0 netns \(outside.path)
            ip address add 192.0.2.1/24 dev o0
            ip link set o0 up
            nft add table inet t
            nft add chain inet t c '{ type filter hook output priority 0; }'
            nft add rule inet t c ct state new counter
            nft add chain inet t d '{ type nat hook output priority -100; }'
            nft add rule inet t d ip daddr 192.0.2.1 udp dport 5301 dnat ip to 192.0.2.9:53
            """)
        try outside.namespace.shell("ip address add 192.0.2.9/24 dev eth0; ip link set eth0 up; ip link set lo up")
    }

    private func send(to address: String, _ port: UInt16, _ kind: TestSocket.Kind = .udp) throws {
        let socket = try TestSocket(kind, for: address, in: host.namespace)
        try socket.connect(to: address, port)
        try socket.send("question")
    }

    private func destinations(_ ports: Set<UInt16>) throws -> [String] {
        var socket = try ConntrackSocket(in: host.namespace)
        return try socket.connections(.v4, .udp, toPorts: ports).map {
            "\($0.original.destination):\($0.original.destinationPort)"
        }.sorted()
    }

    private func port(
        _ number: UInt16, to target: String, _ targetPort: UInt16, on address: String = "0.0.0.0",
        _ transport: TransportProtocol = .udp
    ) throws -> PortForward {
        try PortForward(
            transport, #require(IPAddress(address)), number, to: #require(InterfaceAddress("\(target)/24")), targetPort,
            masquerade: .needed)
    }

    @Test func whatWasBegunToThisHostIsForgotten() throws {
        for address in ["192.0.2.1", "127.0.0.1", "192.0.2.9"] { try send(to: address, 53) }
        try send(to: "192.0.2.1", 54)
        var socket = try ConntrackSocket(in: host.namespace)
        let own: Set = [try #require(IPAddress("192.0.2.1"))]
        try StaleConnections.forget(before: [port(53, to: "10.1.2.2", 53, .tcp)], hostAddresses: own, on: &socket)
        #expect(try destinations([53]).count == 3)
        try StaleConnections.forget(
            before: [port(53, to: "10.1.2.2", 53, on: "192.0.2.1")], hostAddresses: own, on: &socket)
        #expect(try destinations([53]) == ["127.0.0.1:53", "192.0.2.9:53"])
        try StaleConnections.forget(before: [port(53, to: "10.1.2.2", 53)], hostAddresses: own, on: &socket)
        // That to somebody else only has the same number, and the other has another.
        #expect(try destinations([53, 54]) == ["192.0.2.1:54", "192.0.2.9:53"])
    }

    @Test func whatLeadsToTheContainerStaysUntilItsPortIsGone() throws {
        try send(to: "192.0.2.1", 5301)
        try send(to: "192.0.2.9", 53)
        var socket = try ConntrackSocket(in: host.namespace)
        let own: Set = [try #require(IPAddress("192.0.2.1"))]
        let port = try port(5301, to: "192.0.2.9", 53)
        try StaleConnections.forget(before: [port], hostAddresses: own, on: &socket)
        try StaleConnections.forget(leadingTo: [self.port(5301, to: "192.0.2.8", 53)], on: &socket)
        #expect(try destinations([53, 5301]) == ["192.0.2.1:5301", "192.0.2.9:53"])
        try StaleConnections.forget(leadingTo: [port], on: &socket)
        #expect(try destinations([53, 5301]) == ["192.0.2.9:53"])
        #expect(StaleConnections.canExist(for: [port]))
        #expect(try !StaleConnections.canExist(for: [self.port(53, to: "192.0.2.9", 53, .tcp)]))
    }
}

extension StaleConnectionsTests {
    private func port(
        _ number: UInt16, to target: String, _ targetPort: UInt16, _ transport: TransportProtocol
    ) throws -> PortForward {
        try port(number, to: target, targetPort, on: "0.0.0.0", transport)
    }
}
