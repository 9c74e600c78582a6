package import Addressing
package import Attachments
package import LinuxSystem
package import Nftables

/// Dropping of frames that come in by a bridge's port under another MAC address than the container's.
///
/// A base chain looks the port up in a map, which leads to the port's own chain, so a frame's way is as long with a
/// thousand ports as with one. All methods work on the namespace of the socket that they are given.
package struct SpoofCheck: Sendable {
    private let ruleset: ContainerRuleset
    /// The ports that are checked.
    private let ports: NftablesSet

    /// - Parameter table: the name of a table of family `bridge` that is used for nothing else.
    package init(table: String) {
        let table = Table(.bridge, table, comment: "MAC addresses checked by CNI plugins")
        ports = NftablesSet(in: table, "ports", [.interfaceName], to: .verdict)
        let base = Chain(in: table, "prerouting", hook: .bridgePrerouting)
        ruleset = ContainerRuleset(
            table: table, chains: [.init(base, [[.verdict(of: [.inputInterface], from: ports)]])], maps: [ports],
            chainPrefix: Self.chainPrefix)
    }

    /// Drops frames that come in by a port and are not from an address.
    ///
    /// What the port's name was checked for before is forgotten, and rules that somebody has changed are made anew.
    /// Adding twice changes nothing.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package func add(
        _ mac: MACAddress, on port: String, for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in try missing(mac, port, owner, &socket) }
    }

    /// Whether frames from other addresses are dropped for the owner, by the rules that adding makes and no others.
    package func contains(
        _ mac: MACAddress, on port: String, for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try missing(mac, port, owner, &socket).isEmpty
    }

    /// Stops checking a port, if the check is the owner's; one that is not there is no error.
    package func remove(
        port: String, of owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in
            let element = try socket.element(for: [.interfaceName(port)], in: ports)
            guard let element, element.comment == owner.comment else { return NftablesTransaction() }
            return try ruleset.removal(of: [element], &socket)
        }
    }

    /// Stops checking all ports of a network but those of some owners.
    package func removeAll(
        ofNetwork network: String, except valid: Set<Attachment>, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try ruleset.removeAll(on: &socket, where: Attachment.isStale(inNetwork: network, except: valid))
    }

    /// What has to be made for the port to be checked; empty when all is there.
    private func missing(
        _ mac: MACAddress, _ port: String, _ owner: Attachment, _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        try ruleset.appendMissingTable(to: &transaction, on: &socket)
        let chain = Chain(in: ruleset.table, Self.chainPrefix + port, comment: owner.comment)
        let rules = [
            Rule(in: chain, .match(.sourceMAC, .etherAddress(mac), negated: true), .verdict(.drop), comment: "\(mac)")
        ]
        if try !socket.holds(rules, in: chain) { transaction.fill(chain, with: rules) }
        let wanted = NftablesSet.Element(
            in: ports, [.interfaceName(port)], .verdict(.goto(chain.name)), comment: owner.comment)
        let present = try socket.element(for: wanted.key, in: ports)
        guard present != wanted else { return transaction }
        if let present { transaction.delete(present) }
        transaction.add(wanted)
        return transaction
    }

    private static let chainPrefix = "port-"
}
