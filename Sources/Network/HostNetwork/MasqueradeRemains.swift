public import LinuxSystem
public import Nftables

/// What other plugin suites left in nf_tables when they masqueraded a container; removing what is gone is no error.
///
/// All functions work on the namespace of the socket that they are given. Rules of iptables-legacy are not in nf_tables, and
/// stay.
public enum MasqueradeRemains {
    /// Removes the rules of the suite's nftables backend whose comment begins with a text.
    ///
    /// They are in table `inet cni_plugins_masquerade`, chain `masq_checks`.
    public static func removeRules(
        withCommentPrefix prefix: String, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let table = Table(.inet, "cni_plugins_masquerade")
        let chain = Chain(in: table, "masq_checks")
        guard try socket.chain(named: chain.name, in: table) != nil else { return }
        try socket.update { (socket) throws(SystemError) in
            var transaction = NftablesTransaction()
            for rule in try socket.rules(in: chain) where rule.comment?.hasPrefix(prefix) == true {
                transaction.delete(rule, in: chain)
            }
            return transaction
        }
    }

    /// Removes a container's chain of the suite's iptables backend, and the rules of `POSTROUTING` that jump to it.
    ///
    /// It is looked for in tables `ip nat` and `ip6 nat`, where iptables-nft keeps what it is told.
    public static func removeIptablesChain(
        named name: String, on socket: inout NftablesSocket
    ) throws(SystemError) {
        for family in [TableFamily.ipv4, .ipv6] {
            let table = Table(family, "nat")
            let chain = Chain(in: table, name)
            let postrouting = Chain(in: table, "POSTROUTING")
            try socket.update { (socket) throws(SystemError) in
                var transaction = NftablesTransaction()
                guard try socket.chain(named: name, in: table) != nil else { return transaction }
                for rule in try socket.rules(in: postrouting) where rule.verdict?.target == name {
                    transaction.delete(rule, in: postrouting)
                }
                transaction.delete(chain)
                return transaction
            }
        }
    }
}
