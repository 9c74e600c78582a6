package import Addressing
package import LinuxSystem
package import Nftables

/// What is done to the packets of a network over many hosts on one of them: masquerade of what leaves it, and leave to be
/// forwarded, in a table of nf_tables of its own.
///
/// All methods work on the namespace of the socket that they are given. The table stays when its maker ends.
package struct NetworkRules: Hashable, Sendable {
    private let table: Table
    private let parts: [Part]
    private let masquerade: Masquerading?
    private let forwards: Bool

    /// A range of the network, and what of it is this host's.
    package struct Part: Hashable, Sendable {
        package let network: CIDR
        package let subnet: CIDR

        package init(network: CIDR, subnet: CIDR) {
            self.network = network
            self.subnet = subnet
        }
    }

    /// How what leaves the network gets this host's address.
    package enum Masquerading: Hashable, Sendable {
        case withOrderedPorts
        /// A port by chance, so that two connections that are made at once hardly ever get the same.
        case withRandomPorts
    }

    /// - Parameters:
    ///   - name: of a table of family `inet` that is used for nothing else.
    ///   - comment: what the ruleset shows of the owner.
    ///   - parts: of each family.
    ///   - masquerade: nil for none.
    ///   - forwards: whether what comes from the network and goes to it is let through.
    package init(table name: String, comment: String, parts: [Part], masquerade: Masquerading?, forwards: Bool) {
        table = Table(.inet, name, comment: comment)
        self.parts = parts
        self.masquerade = masquerade
        self.forwards = forwards
    }

    /// Sees that the rules are there, and no others in their place.
    ///
    /// - Returns: whether something was otherwise, and has been mended in one step.
    /// - Throws: what the kernel refused; nothing has changed then.
    package func ensure(on socket: inout NftablesSocket) throws(SystemError) -> Bool {
        var isMended = false
        try socket.update { (socket) throws(SystemError) in
            var transaction = NftablesTransaction()
            for (chain, rules) in [(postrouting, masqueradeRules), (forward, forwardRules)] {
                if rules.isEmpty {
                    if try socket.chain(named: chain.name, in: table) != nil { transaction.delete(chain) }
                } else if try !socket.holds(rules, in: chain) {
                    transaction.ensure(table)
                    transaction.fill(chain, with: rules)
                }
            }
            isMended = !transaction.isEmpty
            return transaction
        }
        return isMended
    }

    private var postrouting: Chain { Chain(in: table, "postrouting", hook: .sourceNAT) }
    private var forward: Chain { Chain(in: table, "forward", hook: .forwardFilter) }

    private var masqueradeRules: [Rule] {
        guard let masquerade else { return [] }
        let flags: NATFlags = masquerade == .withRandomPorts ? .fullyRandom : []
        let chain = postrouting
        // kube-proxy has marked what it masquerades itself.
        let proxied = Rule(
            in: chain, .match(.packet, bits: Self.proxyMark), .verdict(.return), comment: "left to kube-proxy")
        return [proxied]
            + parts.flatMap { part in
                [
                    Rule(
                        in: chain, .sourceAddress(in: part.subnet), .destinationAddress(in: part.network),
                        .verdict(.return), comment: "container to container"),
                    Rule(
                        in: chain, .destinationAddress(in: part.subnet), .verdict(.return),
                        comment: "to a container of this host, which sees who asks"),
                    Rule(
                        in: chain, .sourceAddress(in: part.network),
                        .destinationAddress(in: .multicast(part.network.family), negated: true), .masquerade(flags),
                        comment: "container to outside"),
                    Rule(
                        in: chain, .sourceAddress(in: part.network, negated: true),
                        .destinationAddress(in: part.network), .masquerade(flags),
                        comment: "outside to a container of another host"),
                ]
            }
    }

    /// `KubeMarkMasqBit` of kube-proxy.
    private static let proxyMark: UInt32 = 0x4000

    private var forwardRules: [Rule] {
        guard forwards else { return [] }
        return parts.flatMap { part in
            [
                Rule(in: forward, .sourceAddress(in: part.network), .verdict(.accept), comment: "from a container"),
                Rule(in: forward, .destinationAddress(in: part.network), .verdict(.accept), comment: "to a container"),
            ]
        }
    }
}
