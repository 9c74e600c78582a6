import CLinux

extension Expression.Kind {
    static let lookup = Expression.Kind(
        name: "lookup", numbers: [NFTA_LOOKUP_SREG.rawValue, NFTA_LOOKUP_DREG.rawValue],
        flags: [NFTA_LOOKUP_FLAGS.rawValue], texts: [NFTA_LOOKUP_SET.rawValue])
}

extension Expression {
    /// Loads what a map has for a key; ends the rule when it has nothing: `vmap @map`, `map @map`.
    static func lookUp(in map: NftablesSet, into data: Register) -> Expression {
        Expression(
            .lookup,
            Attribute(NFTA_LOOKUP_SET.rawValue, .text(map.name)),
            Attribute(NFTA_LOOKUP_SREG.rawValue, .number(Register.first.number)),
            Attribute(NFTA_LOOKUP_DREG.rawValue, .number(data.number)))
    }

    /// Ends the rule unless a set has a key, or if it has: `@set`, `!= @set`.
    static func isMember(of set: NftablesSet, negated: Bool = false) -> Expression {
        Expression(
            .lookup,
            Attribute(NFTA_LOOKUP_SET.rawValue, .text(set.name)),
            Attribute(NFTA_LOOKUP_SREG.rawValue, .number(Register.first.number)),
            Attribute(NFTA_LOOKUP_FLAGS.rawValue, negated ? .number(UInt32(NFT_LOOKUP_F_INV.rawValue)) : nil))
    }
}
