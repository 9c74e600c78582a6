package import Addressing
package import Attachments
import Hashing
package import LinuxSystem
package import Nftables

/// Masquerading of containers' traffic to outside their own networks, in a table of nf_tables.
///
/// A base chain looks the source address up in a map, which leads to a chain for the container's network and subnet;
/// adding and removing a container changes one element, however many there are. The table is made with the first
/// container, and goes with the last. All methods work on the namespace of the socket that they are given.
///
/// Closing a socket that has deleted something takes until no packet is on its way, some 10 ms; whoever has more to wait
/// for keeps it open so long.
package struct Masquerade: Sendable {
    private let ruleset: ContainerRuleset
    private let exempted: [CIDR]

    /// - Parameters:
    ///   - table: the name of a table of family `inet` that is used for nothing else.
    ///   - exempted: where traffic is not masqueraded; the subnet of each address where none is of its family.
    package init(table: String, exempting exempted: [CIDR] = []) {
        self.exempted = exempted
        let table = Table(.inet, table, comment: "container addresses masqueraded by CNI plugins")
        ruleset = ContainerRuleset(
            table: table, base: Chain(in: table, "postrouting", hook: .sourceNAT),
            maps: AddressFamily.allCases.map { Self.map($0, in: table) },
            lookups: AddressFamily.allCases.map { .verdict(of: [.sourceAddress($0)], from: Self.map($0, in: table)) },
            chainPrefix: Self.chainPrefix)
    }

    /// Makes the table, which takes longer than all the rest, for addresses that are known later.
    ///
    /// Removing no addresses takes it away again, if it is still empty.
    package func prepare(on socket: inout NftablesSocket) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in
            var transaction = NftablesTransaction()
            try ruleset.appendMissingTable(to: &transaction, on: &socket)
            return transaction
        }
    }

    /// Masquerades what comes from the addresses and goes neither to the exempted networks nor to multicast.
    ///
    /// An address that has been another's, left by a container that is gone, becomes the owner's; rules that somebody
    /// has changed are made anew. Adding twice changes nothing.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package func add(
        _ addresses: [InterfaceAddress], for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in try missing(of: addresses, owner, &socket) }
    }

    /// Whether the addresses are masqueraded for the owner, by the rules that adding them makes and no others.
    package func contains(
        _ addresses: [InterfaceAddress], for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try missing(of: addresses, owner, &socket).isEmpty
    }

    /// Stops masquerading addresses, as far as they are the owner's; others and missing ones are left alone.
    package func remove(
        _ addresses: [IPAddress], of owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in
            var elements: [NftablesSet.Element] = []
            for address in addresses {
                let element = try socket.element(for: [.address(address)], in: map(address.family))
                if let element, element.comment == owner.comment { elements.append(element) }
            }
            return try ruleset.removal(of: elements, &socket)
        }
    }

    /// Stops masquerading whatever addresses the owner has; takes longer the more containers there are.
    package func removeAll(of owner: Attachment, on socket: inout NftablesSocket) throws(SystemError) {
        try ruleset.removeAll(on: &socket) { $0 == owner.comment }
    }

    /// Stops masquerading all addresses of a network but those of some owners.
    package func removeAll(
        ofNetwork network: String, except valid: Set<Attachment>, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try ruleset.removeAll(on: &socket, where: Attachment.isStale(inNetwork: network, except: valid))
    }

    /// What has to be made for the addresses to be masqueraded; empty when all is there.
    private func missing(
        of addresses: [InterfaceAddress], _ owner: Attachment, _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        guard !addresses.isEmpty else { return transaction }
        try ruleset.appendMissingTable(to: &transaction, on: &socket)
        let needed = exemptions(of: addresses).map { chain($0, owner) }
        for (exempted, chain) in zip(exemptions(of: addresses), needed) {
            let rules = rules(of: chain, exempted, owner)
            if try !socket.holds(rules, in: chain) { transaction.fill(chain, with: rules) }
        }

        var replaced: [NftablesSet.Element] = []
        for address in addresses {
            let wanted = element(address, owner)
            let present = try socket.element(for: wanted.key, in: wanted.set)
            guard present != wanted else { continue }
            if let present {
                transaction.delete(present)
                replaced.append(present)
            }
            transaction.add(wanted)
        }
        let left = try ruleset.chains(usedBy: replaced, &socket).filter { !needed.map(\.name).contains($0.name) }
        for chain in try ruleset.unused(left, without: replaced, &socket) { transaction.delete(chain) }
        return transaction
    }

    /// For exempted networks of one family.
    private func rules(of chain: Chain, _ exempted: [CIDR], _ owner: Attachment) -> [Rule] {
        let destinations = exempted + exempted.prefix(1).map { .multicast($0.family) }
        return destinations.map { Rule(in: chain, .destinationAddress(in: $0), .verdict(.return)) }
            + [Rule(in: chain, .masquerade(), comment: owner.abbreviatedNetwork)]
    }

    /// Where traffic from an address is not masqueraded.
    private func exemption(of address: InterfaceAddress) -> [CIDR] {
        let networks = exempted.filter { $0.family == address.address.family }
        return networks.isEmpty ? [address.network] : networks
    }

    /// The exemptions of addresses, each once and in their order.
    private func exemptions(of addresses: [InterfaceAddress]) -> [[CIDR]] {
        var exemptions: [[CIDR]] = []
        for exemption in addresses.map(exemption) where !exemptions.contains(exemption) {
            exemptions.append(exemption)
        }
        return exemptions
    }

    private func map(_ family: AddressFamily) -> NftablesSet {
        Self.map(family, in: ruleset.table)
    }

    private static func map(_ family: AddressFamily, in table: Table) -> NftablesSet {
        NftablesSet(in: table, family == .v4 ? "masquerade4" : "masquerade6", [.address(family)], to: .verdict)
    }

    private func chain(_ exempted: [CIDR], _ owner: Attachment) -> Chain {
        Chain(
            in: ruleset.table, Self.chainName(exempted, owner), comment: "network \(owner.abbreviatedNetwork)")
    }

    private func element(_ address: InterfaceAddress, _ owner: Attachment) -> NftablesSet.Element {
        NftablesSet.Element(
            in: map(address.address.family), [.address(address.address)],
            .verdict(.goto(Self.chainName(exemption(of: address), owner))), comment: owner.comment)
    }

    private static let chainPrefix = "masquerade-"

    /// The name of a chain for the network's containers, by where they are not masqueraded, at most 255 bytes.
    ///
    /// No two networks and lists share one: what is behind the last hyphen is the one network of the list, or a hash of
    /// all. A colon, which cannot be in the name of a chain, becomes an underscore, which cannot be in an address.
    static func chainName(_ exempted: [CIDR], _ owner: Attachment) -> String {
        let list = exempted.map { "\($0)" }.joined(separator: ",")
        let text = exempted.count == 1 ? String(list.map { $0 == ":" ? "_" : $0 }) : FNV1a.hexadecimal(list)
        return "\(chainPrefix)\(Attachment.abbreviated(owner.network, to: 200))-\(text)"
    }
}
