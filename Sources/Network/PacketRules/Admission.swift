package import Addressing
package import Attachments
package import LinuxSystem
package import Nftables

/// Admission of containers' traffic by whatever on this host drops what it forwards.
///
/// A packet passes only if no table drops it, so a table of our own cannot let anything through. It looks the packet's
/// addresses up in sets and marks what is a container's; every chain of others that drops what it does not know gets
/// one rule, before its own, that accepts what is marked. Those are chains of nf_tables whose policy is to drop, or which
/// end with a rule that refuses everything, as iptables(8), Docker and firewalls make them; rules of iptables-legacy are
/// not in nf_tables.
///
/// What comes from a container is admitted, and what goes to it if it is an answer, or if its destination was changed on
/// the way, as that of a published port. All methods work on the namespace of the socket that they are given.
package struct Admission: Sendable {
    private let ruleset: ContainerRuleset

    /// The bit of a packet's mark that says that it is a container's.
    private static let mark: UInt32 = 0x1000

    /// - Parameter table: the name of a table of family `inet` that is used for nothing else.
    package init(table: String) {
        let table = Table(.inet, table, comment: "container addresses admitted by CNI plugins")
        let base = Chain(in: table, "forward", hook: .forwardMangle)
        ruleset = ContainerRuleset(
            table: table,
            chains: [.init(base, AddressFamily.allCases.flatMap { Self.rules(for: $0, in: table) })],
            maps: AddressFamily.allCases.map { Self.addresses($0, in: table) }, chainPrefix: nil
        ) { (transaction, socket) throws(SystemError) in
            for chain in try socket.forwardingFilters() {
                for rule in try socket.rules(in: chain) where rule.anyComment == Self.comment {
                    transaction.delete(rule, in: chain)
                }
            }
        }
    }

    /// Admits the traffic of addresses.
    ///
    /// An address that has been another's, left by a container that is gone, becomes the owner's; rules that somebody has
    /// changed are made anew. Adding twice changes nothing.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package func add(
        _ addresses: [IPAddress], for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in try missing(of: addresses, owner, &socket) }
    }

    /// Notes whose addresses are which, where another program of this host admits them.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package func note(
        _ addresses: [IPAddress], of owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        guard !addresses.isEmpty else { return }
        try socket.update { (socket) throws(SystemError) in
            var transaction = NftablesTransaction()
            try ruleset.appendMissingTable(to: &transaction, on: &socket)
            try ruleset.append(elements(addresses, owner), to: &transaction, &socket)
            return transaction
        }
    }

    /// The addresses of an owner; takes longer the more there are of others.
    package func addresses(
        of owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> [IPAddress] {
        try addresses(on: &socket) { $0 == owner.comment }
    }

    /// The addresses of a network, but for those of some owners.
    package func addresses(
        ofNetwork network: String, except valid: Set<Attachment>, on socket: inout NftablesSocket
    ) throws(SystemError) -> [IPAddress] {
        try addresses(on: &socket, where: Attachment.isStale(inNetwork: network, except: valid))
    }

    private func addresses(
        on socket: inout NftablesSocket, where isWanted: (String) -> Bool
    ) throws(SystemError) -> [IPAddress] {
        try ruleset.elements(&socket).filter { isWanted($0.comment ?? "") }.compactMap { element in
            guard case .address(let address) = element.key.first else { return nil }
            return address
        }
    }

    /// Whether the addresses are the owner's here.
    package func contains(
        _ addresses: [IPAddress], for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        var transaction = NftablesTransaction()
        try ruleset.appendMissingTable(to: &transaction, on: &socket)
        try ruleset.append(elements(addresses, owner), to: &transaction, &socket)
        return transaction.isEmpty
    }

    /// The chains that drop what they do not know, and do not know containers, as nft(8) names them.
    package func closedChains(on socket: inout NftablesSocket) throws(SystemError) -> [String] {
        try closed(&socket).map(\.description)
    }

    /// Whether the traffic of any address is admitted.
    package func isInUse(on socket: inout NftablesSocket) throws(SystemError) -> Bool {
        try socket.useCount(of: ruleset.table) != nil
    }

    /// The addresses among these that are admitted for somebody else than the owner.
    package func foreign(
        _ addresses: [IPAddress], to owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> [IPAddress] {
        var foreign: [IPAddress] = []
        for address in addresses {
            let set = Self.addresses(address.family, in: ruleset.table)
            let element = try socket.element(for: [.address(address)], in: set)
            if let element, element.comment != owner.comment { foreign.append(address) }
        }
        return foreign
    }

    /// Stops admitting whatever addresses the owner has.
    package func removeAll(of owner: Attachment, on socket: inout NftablesSocket) throws(SystemError) {
        try ruleset.removeAll(on: &socket) { $0 == owner.comment }
    }

    /// Stops admitting all addresses of a network but those of some owners.
    package func removeAll(
        ofNetwork network: String, except valid: Set<Attachment>, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try ruleset.removeAll(on: &socket, where: Attachment.isStale(inNetwork: network, except: valid))
    }

    /// What has to be made for the addresses to be admitted; empty when all is there.
    private func missing(
        of addresses: [IPAddress], _ owner: Attachment, _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        guard !addresses.isEmpty else { return transaction }
        try ruleset.appendMissingTable(to: &transaction, on: &socket)
        try ruleset.append(elements(addresses, owner), to: &transaction, &socket)
        for chain in try closed(&socket) {
            // One that others have changed admits something else.
            for rule in try socket.rules(in: chain) where rule.anyComment == Self.comment {
                transaction.delete(rule, in: chain)
            }
            transaction.insert(Self.acceptance(in: chain))
        }
        return transaction
    }

    private func elements(_ addresses: [IPAddress], _ owner: Attachment) -> [NftablesSet.Element] {
        addresses.map { address in
            NftablesSet.Element(
                in: Self.addresses(address.family, in: ruleset.table), [.address(address)], comment: owner.comment)
        }
    }

    private func closed(_ socket: inout NftablesSocket) throws(SystemError) -> [Chain] {
        var closed: [Chain] = []
        for chain in try socket.forwardingFilters() where chain.table.name != ruleset.table.name {
            let rules = try socket.rules(in: chain)
            let drops = chain.hook?.policy == .drop || rules.last?.refusesEverything == true
            let acceptance = Self.acceptance(in: chain)
            if drops, !rules.contains(where: { $0.decides(as: acceptance) }) { closed.append(chain) }
        }
        return closed
    }

    // MARK: What it is made of

    private static func addresses(_ family: AddressFamily, in table: Table) -> NftablesSet {
        NftablesSet(in: table, family == .v4 ? "containers4" : "containers6", [.address(family)])
    }

    private static func rules(for family: AddressFamily, in table: Table) -> [[Statement]] {
        let containers = addresses(family, in: table)
        let marking = Statement.set(.packet, to: mark, mask: mark)
        let arrival = Statement.match([.destinationAddress(family)], in: containers)
        return [
            [.match([.sourceAddress(family)], in: containers), marking],
            [arrival, .connection(isIn: [.established, .related]), marking],
            [arrival, .connection(has: .destinationNAT), marking],
        ]
    }

    /// In the words that nft(8) and iptables(8) both read.
    private static func acceptance(in chain: Chain) -> Rule {
        Rule(in: chain, .match(.packet, bits: mark), .counter, .verdict(.accept), comment: comment)
    }

    /// What the rule in others' chains is known by.
    private static let comment = "containers of CNI networks"
}
