public import Addressing
public import LinuxSystem
public import Nftables

/// What another plugin suite made in nf_tables for a container, which can be ours to check and to remove; removing what
/// is gone is no error.
///
/// All functions work on the namespace of the socket that they are given. Rules of iptables-legacy are not in nf_tables, and
/// stay.
public enum RulesetRemains {
    private static let masqueradeTable = Table(.inet, "cni_plugins_masquerade")
    private static let masqueradeChecks = Chain(in: masqueradeTable, "masq_checks")

    /// The table where iptables-nft keeps what it is told about NAT.
    private static func iptablesTable(_ family: AddressFamily) -> Table {
        Table(family == .v4 ? .ipv4 : .ipv6, "nat")
    }

    private static let spoofCheckTable = Table(.bridge, "nat")

    /// Whether the suite's nftables backend masquerades something, by how its comment begins.
    public static func hasMasquerade(
        withCommentPrefix prefix: String, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try socket.rules(in: masqueradeChecks).contains { $0.comment?.hasPrefix(prefix) == true }
    }

    /// Whether the suite's iptables backend masquerades a container in a family.
    public static func hasMasquerade(
        iptablesChain name: String, _ family: AddressFamily, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try socket.chain(named: name, in: iptablesTable(family)) != nil
    }

    /// Whether the suite checks a container's MAC address.
    public static func hasSpoofCheck(
        chain name: String, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try socket.chain(named: name, in: spoofCheckTable) != nil
    }

    /// Removes rules of the suite's nftables backend, by how their comments begin.
    ///
    /// They are in table `inet cni_plugins_masquerade`, chain `masq_checks`.
    ///
    /// - Parameters:
    ///   - prefix: of the comments of the rules that go.
    ///   - kept: prefixes of those among them that stay.
    ///   - socket: of the namespace.
    /// - Throws: what the kernel refused; nothing has changed then.
    public static func removeMasquerade(
        withCommentPrefix prefix: String, except kept: [String] = [], on socket: inout NftablesSocket
    ) throws(SystemError) {
        try removeRules(of: masqueradeChecks, and: [], on: &socket) { rule in
            guard let comment = rule.comment, comment.hasPrefix(prefix) else { return false }
            return !kept.contains { comment.hasPrefix($0) }
        }
    }

    /// Removes a container's chain of the suite's iptables backend, and the rules of `POSTROUTING` that jump to it.
    ///
    /// It is looked for in tables `ip nat` and `ip6 nat`, where iptables-nft keeps what it is told.
    public static func removeMasquerade(
        iptablesChain name: String, on socket: inout NftablesSocket
    ) throws(SystemError) {
        for family in AddressFamily.allCases {
            let table = iptablesTable(family)
            try removeRules(of: Chain(in: table, "POSTROUTING"), and: [Chain(in: table, name)], on: &socket) { rule in
                rule.verdict?.target == name
            }
        }
    }

    /// Removes a container's chains of the suite's spoof check, and the rules of `PREROUTING` that jump to them.
    ///
    /// They are in table `bridge nat`.
    ///
    /// - Parameters:
    ///   - name: of the chain that `PREROUTING` leads to, and on from there to another one, `-mac` behind its name.
    ///   - comment: of all the rules.
    ///   - socket: of the namespace.
    /// - Throws: what the kernel refused; nothing has changed then.
    public static func removeSpoofCheck(
        chain name: String, comment: String, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let chains = [name, name + "-mac"].map { Chain(in: spoofCheckTable, $0) }
        try removeRules(of: Chain(in: spoofCheckTable, "PREROUTING"), and: chains, on: &socket) {
            $0.comment == comment
        }
    }

    /// Removes those rules of a base chain that a condition names, and then chains, each as far as it is there.
    private static func removeRules(
        of base: Chain, and chains: [Chain], on socket: inout NftablesSocket, where isObsolete: (ListedRule) -> Bool
    ) throws(SystemError) {
        // Most hosts have never had any.
        guard try socket.chain(named: base.name, in: base.table) != nil else { return }
        try socket.update { (socket) throws(SystemError) in
            var transaction = NftablesTransaction()
            var present: [Chain] = []
            for chain in chains where try socket.chain(named: chain.name, in: chain.table) != nil {
                present.append(chain)
            }
            guard chains.isEmpty || !present.isEmpty else { return transaction }
            for rule in try socket.rules(in: base) where isObsolete(rule) {
                transaction.delete(rule, in: base)
            }
            for chain in present { transaction.flush(chain) }
            for chain in present { transaction.delete(chain) }
            return transaction
        }
    }
}
