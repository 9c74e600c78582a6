import CLinux

extension Expression.Kind {
    static let redirect = Expression.Kind(
        "redir",
        [
            NFTA_REDIR_REG_PROTO_MIN.rawValue: .number, NFTA_REDIR_REG_PROTO_MAX.rawValue: .number,
            NFTA_REDIR_FLAGS.rawValue: .flags,
        ])
}

extension Expression {
    /// Gives a connection this host as its destination: `redirect to :8080`.
    static func redirect(toPort port: Register) -> Expression {
        Expression(
            .redirect,
            [
                NFTA_REDIR_REG_PROTO_MIN.rawValue: .number(port.number),
                NFTA_REDIR_REG_PROTO_MAX.rawValue: .number(port.number),
                NFTA_REDIR_FLAGS.rawValue: .number(UInt32(NF_NAT_RANGE_PROTO_SPECIFIED)),
            ])
    }
}
