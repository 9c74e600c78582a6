import CLinux

extension Expression.Kind {
    static let fib = Expression.Kind(
        name: "fib", numbers: [NFTA_FIB_DREG.rawValue, NFTA_FIB_RESULT.rawValue, NFTA_FIB_FLAGS.rawValue])
}

extension Expression {
    /// Loads what the routing tables say a packet's destination is, 32 bits in host order as in `RTN_LOCAL`: `fib daddr
    /// type`.
    static func loadDestinationType(into register: Register = .first) -> Expression {
        Expression(
            .fib,
            Attribute(NFTA_FIB_DREG.rawValue, .number(register.number)),
            Attribute(NFTA_FIB_RESULT.rawValue, .number(NFT_FIB_RESULT_ADDRTYPE.rawValue)),
            Attribute(NFTA_FIB_FLAGS.rawValue, .number(NFTA_FIB_F_DADDR.rawValue)))
    }
}
