import Attachments
package import LinuxSystem
package import Nftables

/// Separation of networks on one host from each other, in a table of nf_tables.
///
/// Each network has devices: its bridge, and where it spans hosts the VXLAN device that leads to them. Between the devices
/// of two networks nothing is forwarded, whatever addresses it has. What a network has in the table stays as long as the
/// devices, also without containers: those on other hosts are to be as safe from this one. All methods work on the namespace
/// of the socket that they are given.
package struct NetworkIsolation: Sendable {
    private let ruleset: ContainerRuleset
    private let sets: Sets

    /// Which traffic a network lets in.
    package enum Policy: String, Sendable {
        /// All.
        case open
        /// All but that of other networks with a policy.
        case sameBridge = "same-bridge"
        /// Neither that of other networks with a policy nor that of its own containers.
        case isolated
    }

    /// The devices of a network: those where packets to and from its containers are routed.
    package struct Devices: Hashable, Sendable {
        /// The bridge, or what takes its place.
        package var bridge: String
        /// Those that lead to the network's containers on other hosts.
        package var overlays: [String]

        package init(bridge: String, overlays: [String] = []) {
            self.bridge = bridge
            self.overlays = overlays
        }

        var all: [String] { [bridge] + overlays }
    }

    /// - Parameter table: the name of a table of family `inet` that is used for nothing else.
    package init(table: String) {
        let table = Table(.inet, table, comment: "networks separated by CNI plugins")
        sets = Sets(in: table)
        ruleset = ContainerRuleset(
            table: table, chains: [.init(Chain(in: table, "forward", hook: .forwardFilter), sets.rules)],
            maps: [sets.separate, sets.together, sets.spanning], chainPrefix: nil)
    }

    /// Makes what a network has in the table what its policy says.
    ///
    /// A device that another network has as well stays as that has it, and so do the network's other devices. Doing it
    /// twice changes nothing.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package func apply(
        _ policy: Policy, to devices: Devices, ofNetwork network: String, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in try change(to: policy, devices, network, &socket) }
    }

    /// Whether the network has in the table what its policy says.
    package func isApplied(
        _ policy: Policy, to devices: Devices, ofNetwork network: String, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try change(to: policy, devices, network, &socket).isEmpty
    }

    /// Removes what any network has in the table for devices that are gone.
    package func removeObsolete(
        on socket: inout NftablesSocket, where isGone: (String) throws(SystemError) -> Bool
    ) throws(SystemError) {
        guard try socket.useCount(of: ruleset.table) != nil else { return }
        try socket.update { (socket) throws(SystemError) in
            var gone: [DataValue: Bool] = [:]
            var obsolete: [NftablesSet.Element] = []
            for element in try ruleset.elements(&socket) {
                for name in element.key where gone[name] == nil { gone[name] = try isGone(name.description) }
                if element.key.contains(where: { gone[$0] == true }) { obsolete.append(element) }
            }
            return try ruleset.removal(of: obsolete, &socket)
        }
    }

    /// What has to change for a network's devices to have what its policy says, and no more.
    private func change(
        to policy: Policy, _ devices: Devices, _ network: String, _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        let comment = Attachment.abbreviatedNetwork(network)
        let wanted = sets.elements(policy, devices, comment: comment)
        let present = try socket.useCount(of: ruleset.table) == nil ? [] : ruleset.elements(&socket)
        let names = devices.all.map { DataValue.interfaceName($0) }
        let stale = present.filter { element in
            element.comment == comment && !wanted.contains(element) && element.key.contains(where: names.contains)
        }
        // A table that nobody needs any more goes.
        guard !wanted.isEmpty else {
            return stale.isEmpty ? NftablesTransaction() : try ruleset.removal(of: stale, &socket)
        }
        var transaction = NftablesTransaction()
        try ruleset.appendMissingTable(to: &transaction, on: &socket)
        for element in stale { transaction.delete(element) }
        for element in wanted where !present.contains(where: { $0.set == element.set && $0.key == element.key }) {
            transaction.add(element)
        }
        return transaction
    }

    // MARK: What it is made of

    private struct Sets {
        /// Devices of networks with a policy.
        let separate: NftablesSet
        /// Pairs of devices of one network whose containers may reach each other.
        let together: NftablesSet
        /// Devices of networks that have VXLAN devices, and leave by no others.
        let spanning: NftablesSet

        init(in table: Table) {
            separate = NftablesSet(in: table, "separate", [.interfaceName])
            together = NftablesSet(in: table, "together", [.interfaceName, .interfaceName])
            spanning = NftablesSet(in: table, "spanning", [.interfaceName])
        }

        /// What a network has in them.
        func elements(_ policy: Policy, _ devices: Devices, comment: String) -> [NftablesSet.Element] {
            func element(_ set: NftablesSet, _ names: String...) -> NftablesSet.Element {
                NftablesSet.Element(in: set, names.map { .interfaceName($0) }, comment: comment)
            }
            guard policy != .open else { return [] }
            var elements = devices.all.map { element(separate, $0) }
            if !devices.overlays.isEmpty { elements += devices.all.map { element(spanning, $0) } }
            guard policy == .sameBridge else { return elements }
            return elements + devices.all.flatMap { from in devices.all.map { to in element(together, from, to) } }
        }

        var rules: [[Statement]] {
            let apart = Statement.match([.inputInterface, .outputInterface], in: together, negated: true)
            return [
                [
                    .match([.inputInterface], in: separate), .match([.outputInterface], in: separate), apart,
                    .verdict(.drop),
                ],
                // That of a network which nothing has been said of yet.
                [
                    .match([.inputInterface], in: spanning), .match(.outputInterfaceKind, .interfaceName("vxlan")),
                    apart,
                    .verdict(.drop),
                ],
            ]
        }
    }
}
