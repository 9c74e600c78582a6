import CLinux

extension Expression.Kind {
    static let lookup = Expression.Kind(
        "lookup",
        [
            NFTA_LOOKUP_SET.rawValue: .text, NFTA_LOOKUP_SREG.rawValue: .number, NFTA_LOOKUP_DREG.rawValue: .number,
            NFTA_LOOKUP_FLAGS.rawValue: .flags,
        ])
}

extension Expression {
    /// Loads what a map has for a key; ends the rule when it has nothing: `vmap @map`, `map @map`.
    static func lookUp(in map: NftablesSet, into data: Register) -> Expression {
        Expression(
            .lookup,
            [
                NFTA_LOOKUP_SET.rawValue: .text(map.name), NFTA_LOOKUP_SREG.rawValue: .number(Register.first.number),
                NFTA_LOOKUP_DREG.rawValue: .number(data.number),
            ])
    }

    /// Ends the rule unless a set has a key, or if it has: `@set`, `!= @set`.
    static func isMember(of set: NftablesSet, negated: Bool = false) -> Expression {
        Expression(
            .lookup,
            [
                NFTA_LOOKUP_SET.rawValue: .text(set.name), NFTA_LOOKUP_SREG.rawValue: .number(Register.first.number),
                NFTA_LOOKUP_FLAGS.rawValue: negated ? .number(UInt32(NFT_LOOKUP_F_INV.rawValue)) : nil,
            ])
    }
}
