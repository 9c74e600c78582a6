import LinuxSystem
import Nftables

/// A table of nf_tables that looks containers up in sets and maps, whose elements are theirs and may lead to chains.
///
/// It holds chains that all packets pass, the sets and maps, and the chains that elements lead to. It is made with the
/// first container, and goes with the last.
struct ContainerRuleset: Sendable {
    let table: Table
    /// What all packets pass; a chain comes before those that lead to it.
    let chains: [FilledChain]
    /// The sets as well.
    let maps: [NftablesSet]
    /// What the names of the chains begin with that elements lead to; nil when they lead to none.
    let chainPrefix: String?
    /// Adds what removes that from other tables which is there for this one's sake, and goes with it.
    var removeOutposts: (@Sendable (inout NftablesTransaction, inout NftablesSocket) throws(SystemError) -> Void)?

    struct FilledChain: Sendable {
        let chain: Chain
        let rules: [Rule]

        init(_ chain: Chain, _ statements: [[Statement]]) {
            self.chain = chain
            rules = statements.map { statements in
                var rule = Rule(in: chain)
                rule.statements = statements
                return rule
            }
        }
    }

    /// Makes what of the table is missing, and mends its chains.
    func appendMissingTable(
        to transaction: inout NftablesTransaction, on socket: inout NftablesSocket
    ) throws(SystemError) {
        guard try !isWhole(on: &socket) else { return }
        transaction.ensure(table)
        for map in maps { transaction.ensure(map) }
        for filled in chains { transaction.fill(filled.chain, with: filled.rules) }
    }

    /// Whether the chains that all packets pass are as they were made.
    func isWhole(on socket: inout NftablesSocket) throws(SystemError) -> Bool {
        // Those where packets come in go first: mostly the first of them is missing, or nothing is.
        for filled in chains.reversed() where try !socket.holds(filled.rules, in: filled.chain) { return false }
        return true
    }

    /// Adds elements, each in the place of one with its key.
    func append(
        _ elements: [NftablesSet.Element], to transaction: inout NftablesTransaction, _ socket: inout NftablesSocket
    ) throws(SystemError) {
        for wanted in elements {
            let present = try socket.element(for: wanted.key, in: wanted.set)
            guard present != wanted else { continue }
            if let present { transaction.delete(present) }
            transaction.add(wanted)
        }
    }

    /// Removes the elements that a condition on their comments names.
    ///
    /// Takes longer the more elements there are.
    func removeAll(
        on socket: inout NftablesSocket, where isStale: (String) -> Bool
    ) throws(SystemError) {
        var isDone = false
        while !isDone {
            try socket.update { (socket) throws(SystemError) in
                let present = try elements(&socket)
                let stale = present.filter { isStale($0.comment ?? "") }
                isDone = stale.count <= Self.removalLimit
                // Chains that lost their elements in another way go as well.
                var chains: [ListedChain] = []
                if let chainPrefix { chains = try socket.chains(in: table).filter { $0.name.hasPrefix(chainPrefix) } }
                return try removal(of: Array(stale.prefix(Self.removalLimit)), from: present, and: chains, &socket)
            }
        }
    }

    /// How many elements go in one transaction, which has to fit into a socket's send buffer.
    private static let removalLimit = 500

    /// The removal of elements, of those chains that were only there for them, and then of the table if it is empty.
    func removal(of elements: [NftablesSet.Element], _ socket: inout NftablesSocket) throws(SystemError)
        -> NftablesTransaction
    {
        try removal(of: elements, from: nil, and: chains(usedBy: elements, &socket), &socket)
    }

    /// All elements of the maps.
    func elements(_ socket: inout NftablesSocket) throws(SystemError) -> [NftablesSet.Element] {
        var elements: [NftablesSet.Element] = []
        for map in maps { elements += try socket.elements(of: map) }
        return elements
    }

    /// `present` are all elements that there are, where that is known.
    private func removal(
        of elements: [NftablesSet.Element], from present: [NftablesSet.Element]?, and chains: [ListedChain],
        _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        for element in elements { transaction.delete(element) }
        let chains = try unused(chains, without: elements, &socket)
        for chain in chains { transaction.delete(chain) }

        // What else it holds are the chains and maps of all, unless others are at home there.
        let common = self.chains.count
        guard let count = try socket.useCount(of: table), count <= chains.count + common + maps.count else {
            return transaction
        }
        // Another version of this suite may have made fewer.
        let names = try socket.setNames(in: table)
        let maps = maps.filter { names.contains($0.name) }
        guard count == chains.count + common + maps.count else { return transaction }
        if let present {
            guard present.count == elements.count else { return transaction }
        } else {
            let removed = Set(elements)
            for map in maps where try !socket.holdsNothing(but: removed, in: map) { return transaction }
        }
        for filled in self.chains.reversed() { transaction.delete(filled.chain) }
        for map in maps { transaction.delete(map) }
        transaction.deleteIfEmpty(table)
        try removeOutposts?(&transaction, &socket)
        return transaction
    }

    /// The containers' chains that elements lead to.
    func chains(
        usedBy elements: [NftablesSet.Element], _ socket: inout NftablesSocket
    ) throws(SystemError) -> [ListedChain] {
        var chains: [ListedChain] = []
        guard let chainPrefix else { return chains }
        for name in Set(elements.compactMap(\.verdict?.target)) where name.hasPrefix(chainPrefix) {
            if let chain = try socket.chain(named: name, in: table) { chains.append(chain) }
        }
        return chains
    }

    /// Those of the chains to which nothing leads when some elements are gone.
    ///
    /// Asking is cheaper than being refused: before it has undone a transaction, the kernel waits until no packet is
    /// on its way, which takes milliseconds.
    func unused(
        _ chains: [ListedChain], without elements: [NftablesSet.Element], _ socket: inout NftablesSocket
    ) throws(SystemError) -> [Chain] {
        var unused: [Chain] = []
        for listed in chains {
            let chain = Chain(in: table, listed.name)
            let count = elements.count { $0.verdict?.target == listed.name }
            if try listed.useCount == socket.rules(in: chain).count + count { unused.append(chain) }
        }
        return unused
    }
}
