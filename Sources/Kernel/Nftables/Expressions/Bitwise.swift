import CLinux

extension Expression.Kind {
    static let bitwise = Expression.Kind(
        name: "bitwise", numbers: [NFTA_BITWISE_SREG.rawValue, NFTA_BITWISE_DREG.rawValue, NFTA_BITWISE_LEN.rawValue],
        data: [NFTA_BITWISE_MASK.rawValue, NFTA_BITWISE_XOR.rawValue])
}

extension Expression {
    /// Keeps the bits that a mask names, and then inverts some; nil for none: `& 0x1`, `& 0xfffffffe | 0x1`.
    static func mask(
        _ mask: [UInt8], inverting inverted: [UInt8]? = nil, in register: Register = .first
    ) -> Expression {
        Expression(
            .bitwise,
            Attribute(NFTA_BITWISE_SREG.rawValue, .number(register.number)),
            Attribute(NFTA_BITWISE_DREG.rawValue, .number(register.number)),
            Attribute(NFTA_BITWISE_LEN.rawValue, .number(UInt32(truncatingIfNeeded: mask.count))),
            Attribute(NFTA_BITWISE_MASK.rawValue, .bytes(mask)),
            Attribute(NFTA_BITWISE_XOR.rawValue, .bytes(inverted ?? mask.map { _ in 0 })))
    }
}
