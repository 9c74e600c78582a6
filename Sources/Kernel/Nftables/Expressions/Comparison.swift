import CLinux

extension Expression.Kind {
    static let comparison = Expression.Kind(
        name: "cmp", numbers: [NFTA_CMP_SREG.rawValue, NFTA_CMP_OP.rawValue], data: [NFTA_CMP_DATA.rawValue])
}

extension Expression {
    /// Ends the rule unless a register holds these bytes: `10.1.0.1`, `"eth0"`.
    static func isEqual(to bytes: [UInt8], in register: Register = .first) -> Expression {
        compare(NFT_CMP_EQ, bytes, register)
    }

    /// Ends the rule if a register holds these bytes: `!= 10.1.0.1`.
    static func isDifferent(from bytes: [UInt8], in register: Register = .first) -> Expression {
        compare(NFT_CMP_NEQ, bytes, register)
    }

    private static func compare(_ operation: nft_cmp_ops, _ bytes: [UInt8], _ register: Register) -> Expression {
        Expression(
            .comparison,
            Attribute(NFTA_CMP_SREG.rawValue, .number(register.number)),
            Attribute(NFTA_CMP_OP.rawValue, .number(operation.rawValue)),
            Attribute(NFTA_CMP_DATA.rawValue, .bytes(bytes)))
    }
}
