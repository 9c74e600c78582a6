extension Expression.Kind {
    static let masquerade = Expression.Kind("masq", [:])
}

extension Expression {
    /// Gives a connection the address of the interface that it leaves by: `masquerade`.
    static let masquerade = Expression(.masquerade, [:])
}
