package import Addressing
package import LinuxSystem
package import Nftables

/// What is done to the packets of a network over many hosts on one of them: masquerade of what leaves it, in a table of
/// nf_tables of its own, and leave to be forwarded, in the chains of others that would drop them.
///
/// All methods work on the namespace of the socket that they are given. The rules stay when their maker ends.
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
    ///   - forwards: whether what comes from the network and goes to it is let through, whoever drops the rest.
    package init(table name: String, comment: String, parts: [Part], masquerade: Masquerading?, forwards: Bool) {
        table = Table(.inet, name, comment: comment)
        self.parts = parts
        self.masquerade = masquerade
        self.forwards = forwards
    }

    /// Sees that the rules are there, and no others in their place.
    ///
    /// - Returns: the chains in which something was otherwise, and has been mended in one step.
    /// - Throws: what the kernel refused; nothing has changed then.
    package func ensure(on socket: inout NftablesSocket) throws(SystemError) -> [Chain] {
        var mended: [Chain] = []
        try socket.update { (socket) throws(SystemError) in
            var transaction = NftablesTransaction()
            mended = []
            if masqueradeRules.isEmpty {
                if try socket.chain(named: postrouting.name, in: table) != nil { transaction.delete(postrouting) }
            } else if try !socket.holds(masqueradeRules, in: postrouting) {
                transaction.ensure(table)
                transaction.fill(postrouting, with: masqueradeRules)
            }
            if !transaction.isEmpty { mended.append(postrouting) }
            mended += try passage.close(in: &transaction, &socket, except: forwards ? passage : nil)
            if forwards { mended += try passage.open(in: &transaction, &socket) }
            return transaction
        }
        return mended
    }

    private var postrouting: Chain { Chain(in: table, "postrouting", hook: .sourceNAT) }

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

    /// Where others drop what they do not know, as Docker does, what comes from the network and goes to it is let through.
    private var passage: Passage {
        let parts = parts
        let comment = "network of \(table.name)"
        return Passage(comment: comment, table: table.name) { chain in
            parts.filter { chain.table.family.carries($0.network.family) }.flatMap { part in
                [
                    Rule(in: chain, .sourceAddress(in: part.network), .counter, .verdict(.accept), comment: comment),
                    Rule(
                        in: chain, .destinationAddress(in: part.network), .counter, .verdict(.accept), comment: comment),
                ]
            }
        }
    }
}

extension TableFamily {
    /// Whether packets of an address family come to its chains.
    fileprivate func carries(_ family: AddressFamily) -> Bool {
        switch self {
        case .ipv4: family == .v4
        case .ipv6: family == .v6
        default: true
        }
    }
}
