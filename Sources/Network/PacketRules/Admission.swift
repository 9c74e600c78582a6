package import Addressing
package import Attachments
package import LinuxSystem
package import Nftables

/// Admission of containers' traffic by whatever on this host drops what it forwards.
///
/// A table of our own looks the packet's addresses up in sets and marks what is a container's; every chain of others that
/// drops what it does not know gets one rule that accepts what is marked (``Passage``).
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
            try Self.passage(besides: table).close(in: &transaction, &socket)
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
        try socket.update { (socket) throws(SystemError) in try missingNotes(of: addresses, owner, &socket) }
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
        try passage.closed(&socket).map(\.description)
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
        var transaction = try missingNotes(of: addresses, owner, &socket)
        if !addresses.isEmpty { try passage.open(in: &transaction, &socket) }
        return transaction
    }

    /// The same without the chains of others.
    private func missingNotes(
        of addresses: [IPAddress], _ owner: Attachment, _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        guard !addresses.isEmpty else { return transaction }
        try ruleset.appendMissingTable(to: &transaction, on: &socket)
        try ruleset.append(elements(addresses, owner), to: &transaction, &socket)
        return transaction
    }

    private func elements(_ addresses: [IPAddress], _ owner: Attachment) -> [NftablesSet.Element] {
        addresses.map { address in
            NftablesSet.Element(
                in: Self.addresses(address.family, in: ruleset.table), [.address(address)], comment: owner.comment)
        }
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

    private var passage: Passage { Self.passage(besides: ruleset.table) }

    /// In the words that nft(8) and iptables(8) both read.
    private static func passage(besides table: Table) -> Passage {
        let comment = "containers of CNI networks"
        return Passage(comment: comment, table: table.name) { chain in
            [Rule(in: chain, .match(.packet, bits: mark), .counter, .verdict(.accept), comment: comment)]
        }
    }
}
