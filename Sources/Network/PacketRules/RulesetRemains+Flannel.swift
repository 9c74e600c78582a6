import Addressing
package import LinuxSystem
package import Nftables

/// What the reference's daemon left, which another one takes the place of.
extension RulesetRemains {
    /// Removes the daemon's rules of both its flavours: the tables of nf_tables, and the chains that iptables-nft keeps in
    /// tables `nat` and `filter` with what jumps to them.
    ///
    /// - Returns: the tables and chains that were there.
    /// - Throws: what the kernel refused.
    package static func removeFlannel(on socket: inout NftablesSocket) throws(SystemError) -> [String] {
        var removed: [String] = []
        for family in AddressFamily.allCases {
            let tables = TableFamily(family)
            for (table, base, chain) in [
                ("nat", "POSTROUTING", "FLANNEL-POSTRTG"), ("filter", "FORWARD", "FLANNEL-FWD"),
            ] {
                let chain = Chain(in: Table(tables, table), chain)
                guard try socket.chain(named: chain.name, in: chain.table) != nil else { continue }
                try removeRules(of: Chain(in: chain.table, base), and: [chain], on: &socket) { rule in
                    rule.verdict?.target == chain.name
                }
                removed.append("\(chain)")
            }
            let table = Table(tables, family == .v4 ? "flannel-ipv4" : "flannel-ipv6")
            guard try socket.useCount(of: table) != nil else { continue }
            var transaction = NftablesTransaction()
            transaction.delete(table)
            try socket.commit(transaction)
            removed.append("\(table)")
        }
        return removed
    }
}

extension TableFamily {
    fileprivate init(_ family: AddressFamily) { self = family == .v4 ? .ipv4 : .ipv6 }
}
