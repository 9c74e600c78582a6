import CLinux

/// What iptables(8) has in rules that nf_tables has no words of its own for; made by that program alone.
extension Expression.Kind {
    static let match = Expression.Kind(
        name: "match", numbers: [NFTA_MATCH_REV.rawValue], texts: [NFTA_MATCH_NAME.rawValue])

    static let target = Expression.Kind(
        name: "target", numbers: [NFTA_TARGET_REV.rawValue], texts: [NFTA_TARGET_NAME.rawValue])
}
