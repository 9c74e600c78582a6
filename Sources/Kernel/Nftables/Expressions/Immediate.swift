import CLinux

extension Expression.Kind {
    static let immediate = Expression.Kind(
        "immediate", [NFTA_IMMEDIATE_DREG.rawValue: .number, NFTA_IMMEDIATE_DATA.rawValue: .data])
}

extension Expression {
    /// Decides what becomes of the packet: `accept`, `jump chain`.
    static func verdict(_ verdict: Verdict) -> Expression {
        Expression(
            .immediate,
            [
                NFTA_IMMEDIATE_DREG.rawValue: .number(Register.verdict.number),
                NFTA_IMMEDIATE_DATA.rawValue: .verdict(verdict),
            ])
    }

    /// Loads these bytes: `10.1.2.3`.
    static func immediate(_ bytes: [UInt8], into register: Register = .first) -> Expression {
        Expression(
            .immediate,
            [
                NFTA_IMMEDIATE_DREG.rawValue: .number(register.number),
                NFTA_IMMEDIATE_DATA.rawValue: .bytes(bytes),
            ])
    }
}
