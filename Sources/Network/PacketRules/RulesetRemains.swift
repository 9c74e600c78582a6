package import Addressing
package import Attachments
package import LinuxSystem
package import Nftables

/// What the reference made in nf_tables for a container, which can be ours to check and to remove; removing what
/// is gone is no error.
///
/// All functions work on the namespace of the socket that they are given. Rules of iptables-legacy are not in nf_tables, and
/// stay.
package enum RulesetRemains {
    private static let masqueradeTable = Table(.inet, "cni_plugins_masquerade")
    private static let masqueradeChecks = Chain(in: masqueradeTable, "masq_checks")

    /// The table where iptables-nft keeps what it is told about NAT, or about another subject.
    static func iptablesTable(_ family: AddressFamily, _ name: String = "nat") -> Table {
        Table(family == .v4 ? .ipv4 : .ipv6, name)
    }

    /// The chain with the rules of the reference's firewall.
    private static func admissionChain(_ family: AddressFamily) -> Chain {
        Chain(in: iptablesTable(family, "filter"), "CNI-FORWARD")
    }

    private static let spoofCheckTable = Table(.bridge, "nat")

    /// Whether the reference masquerades an attachment's addresses of some families, with whichever backend it took.
    package static func hasMasquerade(
        of attachment: Attachment, _ families: Set<AddressFamily>, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        let comment = ReferenceName.masqueradeComment(attachment)
        if try socket.rules(in: masqueradeChecks).contains(where: { $0.comment?.hasPrefix(comment) == true }) {
            return true
        }
        let chain = ReferenceName.masqueradeChain(attachment)
        for family in families where try socket.chain(named: chain, in: iptablesTable(family)) == nil { return false }
        return true
    }

    /// Whether the reference checks an attachment's MAC address.
    package static func hasSpoofCheck(
        of attachment: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try socket.chain(named: ReferenceName.spoofCheckChain(attachment), in: spoofCheckTable) != nil
    }

    /// Whether the reference's firewall admits what comes from the addresses, by iptables-nft.
    package static func hasAdmission(
        of addresses: [IPAddress], on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        for address in addresses {
            let chain = admissionChain(address.family)
            let source = Statement.sourceAddress(in: .host(address))
            guard try socket.rules(in: chain).contains(where: { $0.begins(with: source, in: chain.table.family) })
            else {
                return false
            }
        }
        return true
    }

    /// Removes the rules of the reference's firewall for addresses, in which there is nothing that tells whose they are.
    package static func removeAdmission(
        of addresses: [IPAddress], on socket: inout NftablesSocket
    ) throws(SystemError) {
        for family in Set(addresses.map(\.family)) {
            let chain = admissionChain(family)
            let own = addresses.filter { $0.family == family }.flatMap { address -> [Statement] in
                [.sourceAddress(in: .host(address)), .destinationAddress(in: .host(address))]
            }
            try removeRules(of: chain, and: [], on: &socket) { rule in
                own.contains { rule.begins(with: $0, in: chain.table.family) }
            }
        }
    }

    /// Removes an attachment's rules of the reference's nftables backend.
    ///
    /// They are in table `inet cni_plugins_masquerade`, chain `masq_checks`.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package static func removeMasquerade(
        of attachment: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let comment = ReferenceName.masqueradeComment(attachment)
        try removeRules(of: masqueradeChecks, and: [], on: &socket) { $0.comment?.hasPrefix(comment) == true }
    }

    /// Removes all rules of a network of the reference's nftables backend but those of some attachments.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package static func removeMasquerade(
        ofNetwork network: String, except valid: Set<Attachment>, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let beginning = ReferenceName.masqueradeComment(network: network)
        let kept = valid.map(ReferenceName.masqueradeComment)
        try removeRules(of: masqueradeChecks, and: [], on: &socket) { rule in
            guard let comment = rule.comment, comment.hasPrefix(beginning) else { return false }
            return !kept.contains { comment.hasPrefix($0) }
        }
    }

    /// Removes a container's chain of the reference's iptables backend, and the rules of `POSTROUTING` that jump to it.
    ///
    /// It is looked for in tables `ip nat` and `ip6 nat`, where iptables-nft keeps what it is told.
    package static func removeIptablesMasquerade(
        of attachment: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let name = ReferenceName.masqueradeChain(attachment)
        for family in AddressFamily.allCases {
            let table = iptablesTable(family)
            try removeRules(of: Chain(in: table, "POSTROUTING"), and: [Chain(in: table, name)], on: &socket) { rule in
                rule.verdict?.target == name
            }
        }
    }

    /// Removes an attachment's chains of the reference's spoof check, and the rules of `PREROUTING` that jump to them.
    ///
    /// They are in table `bridge nat`.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package static func removeSpoofCheck(
        of attachment: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let name = ReferenceName.spoofCheckChain(attachment)
        let comment = ReferenceName.spoofCheckComment(attachment)
        let chains = [name, name + "-mac"].map { Chain(in: spoofCheckTable, $0) }
        try removeRules(of: Chain(in: spoofCheckTable, "PREROUTING"), and: chains, on: &socket) {
            $0.comment == comment
        }
    }

    /// Removes those rules of a base chain that a condition names, and then chains, each as far as it is there.
    static func removeRules(
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
