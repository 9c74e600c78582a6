package import Addressing
package import Attachments
package import LinuxSystem
package import Nftables

/// Ports of the host that the reference has lead to a container.
extension RulesetRemains {
    private static func portTable(_ family: AddressFamily) -> Table {
        Table(family == .v4 ? .ipv4 : .ipv6, "cni_hostport")
    }

    /// Where its nftables backend has rules of containers, which say no more of their owner than the container's id.
    private static let portChains = ["hostports", "hostip_hostports", "masquerading"]

    /// Where its iptables backend leads to containers' chains.
    private static let portEntries = "CNI-HOSTPORT-DNAT"
    private static let oldPortEntries = "CNI-HOSTPORT-SNAT"

    /// Whether the reference has ports lead to a container, in each of some families and with whichever backend it took.
    package static func hasPorts(
        of attachment: Attachment, _ families: Set<AddressFamily>, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        for family in families {
            let rules = try socket.rules(in: Chain(in: portTable(family), portChains[0]))
            if rules.contains(where: { $0.comment == attachment.containerID }) { continue }
            let chain = ReferenceName.portChain(attachment)
            guard try socket.chain(named: chain, in: iptablesTable(family)) != nil else { return false }
        }
        return true
    }

    /// Removes a container's rules of the reference's nftables backend.
    ///
    /// They are in tables `ip cni_hostport` and `ip6 cni_hostport`.
    ///
    /// - Throws: what the kernel refused.
    package static func removePorts(
        of attachment: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        for table in AddressFamily.allCases.map(portTable) where try socket.useCount(of: table) != nil {
            for name in portChains {
                try removeRules(of: Chain(in: table, name), and: [], on: &socket) {
                    $0.comment == attachment.containerID
                }
            }
        }
    }

    /// Removes a container's chains of the reference's iptables backend, and the rules that jump to them.
    ///
    /// They are looked for in tables `ip nat` and `ip6 nat`, where iptables-nft keeps what it is told.
    ///
    /// - Throws: what the kernel refused.
    package static func removeIptablesPorts(
        of attachment: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let chains = [
            (portEntries, ReferenceName.portChain(attachment)),
            (oldPortEntries, ReferenceName.portMasqueradeChain(attachment)),
        ]
        for family in AddressFamily.allCases {
            let table = iptablesTable(family)
            for (base, name) in chains {
                try removeRules(of: Chain(in: table, base), and: [Chain(in: table, name)], on: &socket) { rule in
                    rule.verdict?.target == name
                }
            }
        }
    }
}
