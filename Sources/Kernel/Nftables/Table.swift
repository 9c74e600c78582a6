import CLinux

/// Which packets a table sees: `NFPROTO_…`.
package enum TableFamily: Hashable, CaseIterable, Sendable, CustomStringConvertible {
    /// IPv4 and IPv6.
    case inet
    case ipv4
    case ipv6
    /// Frames that a bridge forwards.
    case bridge

    var number: UInt8 {
        switch self {
        case .inet: UInt8(NFPROTO_INET)
        case .ipv4: UInt8(NFPROTO_IPV4)
        case .ipv6: UInt8(NFPROTO_IPV6)
        case .bridge: UInt8(NFPROTO_BRIDGE)
        }
    }

    /// Nil for a family that has no name here.
    init?(number: UInt8) {
        guard let family = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = family
    }

    /// The word of nft(8).
    package var description: String {
        switch self {
        case .inet: "inet"
        case .ipv4: "ip"
        case .ipv6: "ip6"
        case .bridge: "bridge"
        }
    }
}

/// A table, which holds chains, sets and maps.
package struct Table: Hashable, Sendable, CustomStringConvertible {
    package var family: TableFamily
    package var name: String
    /// Stored when the table is created; nil for none.
    package var comment: String?

    package init(_ family: TableFamily, _ name: String, comment: String? = nil) {
        self.family = family
        self.name = name
        self.comment = comment
    }

    package var description: String {
        "\(family) \(name)"
    }
}
