import CLinux

extension Expression.Kind {
    static let masquerade = Expression.Kind(name: "masq", flags: [NFTA_MASQ_FLAGS.rawValue])
}

extension Expression {
    /// Gives a connection the address of the interface that it leaves by: `masquerade`.
    static func masquerade(_ flags: NATFlags) -> Expression {
        Expression(
            .masquerade, Attribute(NFTA_MASQ_FLAGS.rawValue, flags.isEmpty ? nil : .number(flags.rawValue)))
    }
}

/// How a port is chosen where the connection's own is taken.
package struct NATFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `random`.
    package static let random = NATFlags(rawValue: UInt32(NF_NAT_RANGE_PROTO_RANDOM))
    /// `fully-random`.
    package static let fullyRandom = NATFlags(rawValue: UInt32(NF_NAT_RANGE_PROTO_RANDOM_FULLY))
    /// `persistent`: the same address for all connections of a client.
    package static let persistent = NATFlags(rawValue: UInt32(NF_NAT_RANGE_PERSISTENT))
}
