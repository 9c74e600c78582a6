import CLinux

extension Expression.Kind {
    static let immediate = Expression.Kind(
        name: "immediate", numbers: [NFTA_IMMEDIATE_DREG.rawValue], data: [NFTA_IMMEDIATE_DATA.rawValue])
}

extension Expression {
    /// Decides what becomes of the packet: `accept`, `jump chain`.
    static func verdict(_ verdict: Verdict) -> Expression {
        Expression(
            .immediate,
            Attribute(NFTA_IMMEDIATE_DREG.rawValue, .number(Register.verdict.number)),
            Attribute(NFTA_IMMEDIATE_DATA.rawValue, .verdict(verdict)))
    }

    /// Loads these bytes: `10.1.2.3`.
    static func immediate(_ bytes: [UInt8], into register: Register = .first) -> Expression {
        Expression(
            .immediate,
            Attribute(NFTA_IMMEDIATE_DREG.rawValue, .number(register.number)),
            Attribute(NFTA_IMMEDIATE_DATA.rawValue, .bytes(bytes)))
    }
}
