import CLinux

extension Expression.Kind {
    static let lookup = Expression.Kind(
        "lookup",
        [
            NFTA_LOOKUP_SET.rawValue: .text, NFTA_LOOKUP_SREG.rawValue: .number, NFTA_LOOKUP_DREG.rawValue: .number,
        ])
}

extension Expression {
    /// Loads what a map has for a key; ends the rule when it has nothing: `vmap @map`, `map @map`.
    static func lookUp(_ key: Register = .first, inMap name: String, into data: Register) -> Expression {
        Expression(
            .lookup,
            [
                NFTA_LOOKUP_SET.rawValue: .text(name), NFTA_LOOKUP_SREG.rawValue: .number(key.number),
                NFTA_LOOKUP_DREG.rawValue: .number(data.number),
            ])
    }
}
