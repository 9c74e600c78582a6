import CLinux

extension Expression.Kind {
    static let redirect = Expression.Kind(
        name: "redir", numbers: [NFTA_REDIR_REG_PROTO_MIN.rawValue, NFTA_REDIR_REG_PROTO_MAX.rawValue],
        flags: [NFTA_REDIR_FLAGS.rawValue])
}

extension Expression {
    /// Gives a connection this host as its destination: `redirect to :8080`.
    static func redirect(toPort port: Register) -> Expression {
        Expression(
            .redirect,
            Attribute(NFTA_REDIR_REG_PROTO_MIN.rawValue, .number(port.number)),
            Attribute(NFTA_REDIR_REG_PROTO_MAX.rawValue, .number(port.number)),
            Attribute(NFTA_REDIR_FLAGS.rawValue, .number(UInt32(NF_NAT_RANGE_PROTO_SPECIFIED))))
    }
}
