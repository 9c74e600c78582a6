package import Addressing
package import Attachments
import Hashing
package import LinuxSystem
package import Nftables

/// Masquerading of containers' traffic to outside their own networks, in a table of nf_tables.
///
/// A base chain looks the source address up in a map, together with the interface that the packet came in by, which tells
/// networks apart that have the same addresses. The map leads to a chain for the container's network and subnet; adding
/// and removing a container changes one element, however many there are. Where the interface is not known, a second map
/// has the address alone. The table is made with the first container, and goes with the last. All methods work on the
/// namespace of the socket that they are given.
///
/// Closing a socket that has deleted something takes until no packet is on its way, some 10 ms; whoever has more to wait
/// for keeps it open so long.
package struct Masquerade: Sendable {
    private let ruleset: ContainerRuleset
    private let exempted: [CIDR]
    private let kernelTellsInterfaces: Bool

    /// - Parameters:
    ///   - table: the name of a table of family `inet` that is used for nothing else.
    ///   - exempted: where traffic is not masqueraded; the subnet of each address where none is of its family.
    package init(table: String, exempting exempted: [CIDR] = []) {
        self.init(table: table, exempting: exempted, onKernel: .running)
    }

    /// For a kernel of some release; nil stands for the newest.
    init(table: String, exempting exempted: [CIDR] = [], onKernel release: KernelRelease?) {
        self.exempted = exempted
        kernelTellsInterfaces = release.map { $0 >= Self.firstToTellInterfaces } ?? true
        ruleset = Self.ruleset(
            of: MasqueradeKey.allCases,
            in: Table(.inet, table, comment: "container addresses masqueraded by CNI plugins"))
    }

    private static func ruleset(of keys: [MasqueradeKey], in table: Table) -> ContainerRuleset {
        let kinds = keys.flatMap { key in AddressFamily.allCases.map { (key, $0) } }
        let lookups = kinds.map { key, family in [key.lookup(family, in: table)] }
        return ContainerRuleset(
            table: table, chains: [.init(Chain(in: table, "postrouting", hook: .sourceNAT), lookups)],
            maps: kinds.map { key, family in key.map(family, in: table) }, chainPrefix: chainPrefix)
    }

    /// Up to Linux 5.6, the hook where sources change is not told by which interface a packet came in.
    private static let firstToTellInterfaces = KernelRelease(5, 7)

    private func known(_ interface: String?) -> String? {
        kernelTellsInterfaces ? interface : nil
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
    /// - Parameters:
    ///   - addresses: of the container.
    ///   - interface: by which the host sees its packets come in; nil where that is not known.
    ///   - owner: the container's interface.
    ///   - socket: on the host.
    /// - Throws: what the kernel refused; nothing has changed then.
    package func add(
        _ addresses: [InterfaceAddress], by interface: String?, for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in
            try missing(in: ruleset, of: addresses, known(interface), owner, &socket)
        }
    }

    /// Whether the addresses are masqueraded for the owner, by the rules that adding them makes and no others.
    ///
    /// So they are for a container that was added when its interface was not known, or by a version of this suite that
    /// asked for none, whether or not others have been added since.
    package func contains(
        _ addresses: [InterfaceAddress], by interface: String?, for owner: Attachment,
        on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        let former = Self.ruleset(of: [.address], in: ruleset.table)
        for (ruleset, interface) in [(ruleset, known(interface)), (ruleset, nil), (former, nil)] {
            if try missing(in: ruleset, of: addresses, interface, owner, &socket).isEmpty { return true }
        }
        return false
    }

    /// Stops masquerading addresses, as far as they are the owner's; others and missing ones are left alone.
    package func remove(
        _ addresses: [IPAddress], by interface: String?, of owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in
            var elements: [NftablesSet.Element] = []
            for address in addresses {
                let (map, key) = place(of: address, known(interface))
                let element = try socket.element(for: key, in: map)
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
        in ruleset: ContainerRuleset, of addresses: [InterfaceAddress], _ interface: String?, _ owner: Attachment,
        _ socket: inout NftablesSocket
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
            let wanted = element(address, interface, owner)
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

    private func chain(_ exempted: [CIDR], _ owner: Attachment) -> Chain {
        Chain(
            in: ruleset.table, Self.chainName(exempted, owner), comment: "network \(owner.abbreviatedNetwork)")
    }

    private func element(
        _ address: InterfaceAddress, _ interface: String?, _ owner: Attachment
    ) -> NftablesSet.Element {
        let (map, key) = place(of: address.address, interface)
        return NftablesSet.Element(
            in: map, key, .verdict(.goto(Self.chainName(exemption(of: address), owner))), comment: owner.comment)
    }

    private func place(of address: IPAddress, _ interface: String?) -> (map: NftablesSet, key: [DataValue]) {
        let kind: MasqueradeKey = interface == nil ? .address : .interfaceAndAddress
        return (
            kind.map(address.family, in: ruleset.table),
            (interface.map { [.interfaceName($0)] } ?? []) + [.address(address)]
        )
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
