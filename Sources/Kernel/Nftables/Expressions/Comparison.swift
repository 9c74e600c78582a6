import CLinux

extension Expression.Kind {
    static let comparison = Expression.Kind(
        "cmp",
        [NFTA_CMP_SREG.rawValue: .number, NFTA_CMP_OP.rawValue: .number, NFTA_CMP_DATA.rawValue: .data])
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
            [
                NFTA_CMP_SREG.rawValue: .number(register.number), NFTA_CMP_OP.rawValue: .number(operation.rawValue),
                NFTA_CMP_DATA.rawValue: .bytes(bytes),
            ])
    }
}
