import LinuxSystem
import Nftables

/// A table of nf_tables that looks containers up in maps: one element a container, which leads to a chain.
///
/// It holds a base chain with a rule for each map, the maps, and the chains that elements lead to. It is made with the
/// first container, and goes with the last.
struct ContainerRuleset: Sendable {
    let table: Table
    /// Where packets come in.
    let base: Chain
    let maps: [NftablesSet]
    /// The rules of the base chain, one for each map.
    let lookups: [Statement]
    /// What the names of the chains begin with that elements lead to.
    let chainPrefix: String

    /// Makes what of the table is missing, and mends its base chain.
    func appendMissingTable(
        to transaction: inout NftablesTransaction, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let rules = lookups.map { Rule(in: base, $0) }
        guard try !socket.holds(rules, in: base) else { return }
        transaction.ensure(table)
        for map in maps { transaction.ensure(map) }
        transaction.fill(base, with: rules)
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
                let chains = try socket.chains(in: table).filter { $0.name.hasPrefix(chainPrefix) }
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
    private func elements(_ socket: inout NftablesSocket) throws(SystemError) -> [NftablesSet.Element] {
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

        // What else it holds is the base chain and the maps, unless others are at home there.
        guard let count = try socket.useCount(of: table), count <= chains.count + 1 + maps.count else {
            return transaction
        }
        // Another version of this suite may have made fewer.
        let names = try socket.setNames(in: table)
        let maps = maps.filter { names.contains($0.name) }
        guard count == chains.count + 1 + maps.count else { return transaction }
        let all = if let present { present } else { try self.elements(&socket) }
        guard all.count == elements.count else { return transaction }
        transaction.delete(base)
        for map in maps { transaction.delete(map) }
        transaction.deleteIfEmpty(table)
        return transaction
    }

    /// The containers' chains that elements lead to.
    func chains(
        usedBy elements: [NftablesSet.Element], _ socket: inout NftablesSocket
    ) throws(SystemError) -> [ListedChain] {
        var chains: [ListedChain] = []
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
