package import Addressing

/// A port of this host that leads to a container, in one address family.
package struct PortForward: Hashable, Sendable {
    package var transport: TransportProtocol
    /// Which of the host's addresses; all zeros for every one of the family.
    package var hostAddress: IPAddress
    package var hostPort: UInt16
    /// Of the container, and with it its network.
    package var target: InterfaceAddress
    package var targetPort: UInt16
    package var masquerade: Masquerading

    /// Whose connections get the host's own address as their source.
    package enum Masquerading: Hashable, Sendable {
        case nobody
        /// Those whom the container could not answer otherwise: its own network, itself included, which it would answer
        /// past the host, and the host's own loopback addresses.
        case needed
        case everybody
    }

    package init(
        _ transport: TransportProtocol, _ hostAddress: IPAddress, _ hostPort: UInt16, to target: InterfaceAddress,
        _ targetPort: UInt16, masquerade: Masquerading
    ) {
        self.transport = transport
        self.hostAddress = hostAddress
        self.hostPort = hostPort
        self.target = target
        self.targetPort = targetPort
        self.masquerade = masquerade
    }

    package var family: AddressFamily { target.address.family }

    /// Whether connections of the host to its loopback address are to get to the container.
    package var isForLocalhost: Bool {
        masquerade != .nobody && (hostAddress.isUnspecified || hostAddress.isLoopback)
    }

    /// Where those come from that are masqueraded.
    var sources: [CIDR] {
        switch masquerade {
        case .nobody: []
        case .needed: [target.network] + (isForLocalhost ? [.loopback(family)] : [])
        case .everybody: [.any(family)]
        }
    }

    /// What the host has, as in `tcp port 8080` and `udp port 53 of 192.0.2.1`.
    package var hostSide: String {
        "\(transport) port \(hostPort)" + (hostAddress.isUnspecified ? "" : " of \(hostAddress)")
    }
}

extension PortForward: CustomStringConvertible {
    /// `tcp port 8080 to 10.1.2.2:80`.
    package var description: String {
        "\(hostSide) to \(targetText)"
    }

    /// As iptables(8) writes it.
    var targetText: String {
        family == .v4 ? "\(target.address):\(targetPort)" : "[\(target.address)]:\(targetPort)"
    }
}

extension CIDR {
    /// The network of addresses that never leave their host: RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3.
    static func loopback(_ family: AddressFamily) -> CIDR {
        switch family {
        case .v4: CIDR("127.0.0.0/8") ?? .any(.v4)
        case .v6: CIDR("::1/128") ?? .any(.v6)
        }
    }
}
