import Addressing
import Attachments
import Foundation
import LinuxSystem
import PacketRules
import TestSupport
import Testing

/// Packets from a container that the host routes, to the other half of its subnet and to outside.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct MasqueradePacketTests {
    struct Network: Sendable {
        let command: String
        let forwarding: String
        /// Of the container as its network has it.
        let address: String
        /// The ends of the host's three links: gateway of the container, of the neighbour, and the way outside.
        let container: [String]
        let neighbor: [String]
        let outside: [String]
        let prefixLength: Int
    }

    static let networks = [
        Network(
            command: "ip", forwarding: "ipv4/ip_forward", address: "10.1.2.2/24", container: ["10.1.2.1", "10.1.2.2"],
            neighbor: ["10.1.2.129", "10.1.2.130"],
            outside: ["192.0.2.1", "192.0.2.9"], prefixLength: 25),
        Network(
            command: "ip6", forwarding: "ipv6/conf/all/forwarding", address: "fd00:1::2/64",
            container: ["fd00:1::1", "fd00:1::2"],
            neighbor: ["fd00:1:0:0:8000::1", "fd00:1:0:0:8000::2"], outside: ["2001:db8::1", "2001:db8::9"],
            prefixLength: 65),
    ]

    /// Whether or not it is known by which interface the container's packets come in.
    @Test(arguments: networks, ["c0", nil])
    func hidesContainerOutsideItsSubnetAlone(_ network: Network, by interface: String?) throws {
        let host = try NetworkNamespace.make()
        let container = try NetworkNamespace.make()
        let neighbor = try NetworkNamespace.make()
        let outside = try NetworkNamespace.make()
        try host.shell("ip link set lo up; echo 1 > /proc/sys/net/\(network.forwarding)")
        try connect(host, "c0", network.container, to: container, network)
        try connect(host, "n0", network.neighbor, to: neighbor, network)
        // Without a route back: what is answered has come from the host's own address.
        try connect(host, "o0", network.outside, to: outside, network)
        try container.shell("ip route add default via \(network.container[0])")
        try neighbor.shell("ip route add default via \(network.neighbor[0])")

        try container.ask(network.outside[1])
        #expect(try outside.echoSources() == [network.container[1]])

        let owner = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")
        let address = try #require(InterfaceAddress(network.address))
        try host.run { () throws(SystemError) in
            try Masquerade(table: "cni_bridge").add([address], by: interface, for: owner)
        }
        try container.shell("ping -c 1 -w 5 \(network.outside[1])")
        #expect(try outside.echoSources() == [network.container[1], network.outside[0]].sorted())
        try container.shell("ping -c 1 -w 5 \(network.neighbor[1])")
        #expect(try neighbor.echoSources() == [network.container[1]])
    }

    /// Joins two namespaces, and lets the far one note down who asks for an echo.
    private func connect(
        _ host: borrowing NetworkNamespace, _ name: String, _ addresses: [String],
        to other: borrowing NetworkNamespace, _ network: Network
    ) throws {
        let noDetection = network.command == "ip6" ? "nodad" : ""
        try host.shell(
            """
            set -e
            ip link add \(name) type veth peer name eth0 netns \(other.path)
            ip address add \(addresses[0])/\(network.prefixLength) dev \(name) \(noDetection)
            ip link set \(name) up
            """)
        try other.shell("ip address add \(addresses[1])/\(network.prefixLength) dev eth0 \(noDetection)")
        try other.shell("ip link set eth0 up")
        try other.noteEchoSources()
        // Both ends know each other from here on.
        try other.shell("ping -c 1 -w 5 \(addresses[0])")
    }
}
