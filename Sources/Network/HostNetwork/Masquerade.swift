public import Addressing
public import LinuxSystem
public import Nftables

/// Masquerading of containers' traffic to outside their own subnet, in a table of nf_tables.
///
/// A base chain looks the source address up in a map, which leads to a chain for the container's network and subnet;
/// adding and removing a container changes one element, however many there are. The table is made with the first
/// container, and goes with the last. All methods work on the namespace of the socket that they are given.
///
/// Closing a socket that has deleted something takes until no packet is on its way, some 10 ms; whoever has more to wait
/// for keeps it open so long.
public struct Masquerade: Sendable {
    private let table: Table

    /// - Parameter table: the name of a table of family `inet` that is used for nothing else.
    public init(table: String) {
        self.table = Table(.inet, table, comment: "container addresses masqueraded by CNI plugins")
    }

    /// Masquerades what comes from the addresses and goes neither to their subnets nor to multicast.
    ///
    /// An address that has been another's, left by a container that is gone, becomes the owner's. Adding twice changes
    /// nothing.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    public func add(
        _ addresses: [InterfaceAddress], for owner: Owner, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in try missing(of: addresses, owner, &socket) }
    }

    /// Whether the addresses are masqueraded for the owner.
    public func contains(
        _ addresses: [InterfaceAddress], for owner: Owner, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try missing(of: addresses, owner, &socket).isEmpty
    }

    /// Stops masquerading addresses, as far as they are the owner's; others and missing ones are left alone.
    public func remove(
        _ addresses: [IPAddress], of owner: Owner, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in
            var elements: [AddressMap.Element] = []
            for address in addresses {
                let element = try socket.element(for: address, in: map(address.family))
                if let element, element.comment == owner.comment { elements.append(element) }
            }
            return try removal(of: elements, and: chains(usedBy: elements, &socket), &socket)
        }
    }

    /// Stops masquerading whatever addresses the owner has; takes longer the more containers there are.
    public func removeAll(of owner: Owner, on socket: inout NftablesSocket) throws(SystemError) {
        try removeAll(on: &socket) { $0 == owner.comment }
    }

    /// Stops masquerading all addresses of a network but those of some owners.
    public func removeAll(
        ofNetwork network: String, except valid: Set<Owner>, on socket: inout NftablesSocket
    ) throws(SystemError) {
        let valid = Set(valid.map(\.comment))
        try removeAll(on: &socket) { Owner.isComment($0, ofNetwork: network) && !valid.contains($0) }
    }

    private func removeAll(
        on socket: inout NftablesSocket, where isStale: (String) -> Bool
    ) throws(SystemError) {
        var isDone = false
        while !isDone {
            try socket.update { (socket) throws(SystemError) in
                var elements: [AddressMap.Element] = []
                for map in maps {
                    elements += try socket.elements(of: map).filter { isStale($0.comment ?? "") }
                }
                isDone = elements.count <= Self.removalLimit
                // Chains that lost their elements in another way go as well.
                let chains = try socket.chains(in: table).filter { $0.name.hasPrefix(Owner.chainPrefix) }
                return try removal(of: Array(elements.prefix(Self.removalLimit)), and: chains, &socket)
            }
        }
    }

    /// How many elements go in one transaction, which has to fit into a socket's send buffer.
    private static let removalLimit = 500

    // MARK: Changes

    /// What has to be made for the addresses to be masqueraded; empty when all is there.
    private func missing(
        of addresses: [InterfaceAddress], _ owner: Owner, _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        guard !addresses.isEmpty else { return transaction }
        if try socket.rules(in: postrouting).count < maps.count { appendTable(to: &transaction) }
        let needed = networks(of: addresses).map { chain($0, owner) }
        for (network, chain) in zip(networks(of: addresses), needed) {
            let rules = rules(of: chain, network, owner)
            guard try socket.rules(in: chain).count < rules.count else { continue }
            transaction.ensure(chain)
            transaction.flush(chain)
            for rule in rules { transaction.add(rule) }
        }

        var replaced: [AddressMap.Element] = []
        for address in addresses {
            let wanted = element(address, owner)
            let present = try socket.element(for: address.address, in: wanted.map)
            guard present != wanted else { continue }
            if let present {
                transaction.delete(present)
                replaced.append(present)
            }
            transaction.add(wanted)
        }
        let left = try chains(usedBy: replaced, &socket).filter { !needed.map(\.name).contains($0.name) }
        for chain in try unused(left, without: replaced, &socket) { transaction.delete(chain) }
        return transaction
    }

    private func appendTable(to transaction: inout NftablesTransaction) {
        transaction.ensure(table)
        for map in maps { transaction.ensure(map) }
        transaction.ensure(postrouting)
        transaction.flush(postrouting)
        for map in maps { transaction.add(Rule(in: postrouting, .sourceAddressVerdict(from: map))) }
    }

    private func rules(of chain: Chain, _ network: CIDR, _ owner: Owner) -> [Rule] {
        [
            Rule(in: chain, .destinationAddress(in: network), .verdict(.return)),
            Rule(in: chain, .destinationAddress(in: .multicast(network.family)), .verdict(.return)),
            Rule(in: chain, .masquerade, comment: owner.abbreviatedNetwork),
        ]
    }

    /// The removal of elements, of those chains that were only there for them, and then of the table if it is empty.
    private func removal(
        of elements: [AddressMap.Element], and chains: [ListedChain], _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        for element in elements { transaction.delete(element) }
        let chains = try unused(chains, without: elements, &socket)
        for chain in chains { transaction.delete(chain) }

        // What else it holds is the base chain and the maps, unless others are at home there.
        guard try socket.useCount(of: table) == chains.count + 1 + maps.count else { return transaction }
        for map in maps where try !Set(elements).isSuperset(of: socket.elements(of: map)) { return transaction }
        transaction.delete(postrouting)
        for map in maps { transaction.delete(map) }
        transaction.deleteIfEmpty(table)
        return transaction
    }

    /// The chains of networks that elements lead to.
    private func chains(
        usedBy elements: [AddressMap.Element], _ socket: inout NftablesSocket
    ) throws(SystemError) -> [ListedChain] {
        var chains: [ListedChain] = []
        for name in Set(elements.compactMap(\.verdict.target)) where name.hasPrefix(Owner.chainPrefix) {
            if let chain = try socket.chain(named: name, in: table) { chains.append(chain) }
        }
        return chains
    }

    /// Those of the chains to which nothing leads when some elements are gone.
    ///
    /// Asking is cheaper than being refused: before it has undone a transaction, the kernel waits until no packet is
    /// on its way, which takes milliseconds.
    private func unused(
        _ chains: [ListedChain], without elements: [AddressMap.Element], _ socket: inout NftablesSocket
    ) throws(SystemError) -> [Chain] {
        var unused: [Chain] = []
        for listed in chains {
            let chain = Chain(in: table, listed.name)
            let count = elements.count { $0.verdict.target == listed.name }
            if try listed.useCount == socket.rules(in: chain).count + count { unused.append(chain) }
        }
        return unused
    }

    /// The subnets of addresses, each once and in their order.
    private func networks(of addresses: [InterfaceAddress]) -> [CIDR] {
        var networks: [CIDR] = []
        for address in addresses where !networks.contains(address.network) { networks.append(address.network) }
        return networks
    }

    // MARK: Objects

    private var postrouting: Chain {
        Chain(in: table, "postrouting", hook: .sourceNAT)
    }

    private var maps: [AddressMap] {
        [map(.v4), map(.v6)]
    }

    private func map(_ family: AddressFamily) -> AddressMap {
        switch family {
        case .v4: AddressMap(in: table, "masquerade4", .v4)
        case .v6: AddressMap(in: table, "masquerade6", .v6)
        }
    }

    private func chain(_ network: CIDR, _ owner: Owner) -> Chain {
        Chain(in: table, owner.chainName(network), comment: "network \(owner.abbreviatedNetwork)")
    }

    private func element(_ address: InterfaceAddress, _ owner: Owner) -> AddressMap.Element {
        AddressMap.Element(
            in: map(address.address.family), address.address, .goto(owner.chainName(address.network)),
            comment: owner.comment)
    }
}

extension CIDR {
    /// RFC 5771; RFC 4291, section 2.7.
    fileprivate static func multicast(_ family: AddressFamily) -> CIDR {
        switch family {
        case .v4: CIDR("224.0.0.0/4") ?? .any(.v4)
        case .v6: CIDR("ff00::/8") ?? .any(.v6)
        }
    }
}
