package import Attachments
package import LinuxSystem
package import Nftables

/// Separation of containers on one bridge from each other, in a table of nf_tables.
///
/// Frames are dropped between two of the ports, and between one and a VXLAN device, by which the same network's containers
/// on other hosts are reached; other ports, such as a network card, lead outside. All methods work on the namespace of the
/// socket that they are given.
package struct PortIsolation: Sendable {
    private let ruleset: ContainerRuleset
    private let ports: NftablesSet

    /// - Parameter table: the name of a table of family `bridge` that is used for nothing else.
    package init(table: String) {
        let table = Table(.bridge, table, comment: "containers separated by CNI plugins")
        ports = NftablesSet(in: table, "ports", [.interfaceName])
        let (from, to) = (Statement.match([.inputInterface], in: ports), Statement.match([.outputInterface], in: ports))
        let vxlan = DataValue.interfaceName("vxlan")
        let rules: [[Statement]] = [
            [from, to, .verdict(.drop)],
            [from, .match(.outputInterfaceKind, vxlan), .verdict(.drop)],
            [to, .match(.inputInterfaceKind, vxlan), .verdict(.drop)],
        ]
        ruleset = ContainerRuleset(
            table: table, chains: [.init(Chain(in: table, "forward", hook: .bridgeForward), rules)], maps: [ports],
            chainPrefix: nil)
    }

    /// Separates a container's port from the others that are separated; adding twice changes nothing.
    ///
    /// - Throws: what the kernel refused; nothing has changed then.
    package func add(
        _ port: String, for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in try missing(port, owner, &socket) }
    }

    /// Whether the port is separated for the owner.
    package func contains(
        _ port: String, for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> Bool {
        try missing(port, owner, &socket).isEmpty
    }

    /// Forgets the owner's ports.
    package func removeAll(of owner: Attachment, on socket: inout NftablesSocket) throws(SystemError) {
        try ruleset.removeAll(on: &socket) { $0 == owner.comment }
    }

    /// Forgets all ports of a network but those of some owners.
    package func removeAll(
        ofNetwork network: String, except valid: Set<Attachment>, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try ruleset.removeAll(on: &socket, where: Attachment.isStale(inNetwork: network, except: valid))
    }

    private func missing(
        _ port: String, _ owner: Attachment, _ socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        try ruleset.appendMissingTable(to: &transaction, on: &socket)
        try ruleset.append(
            [NftablesSet.Element(in: ports, [.interfaceName(port)], comment: owner.comment)], to: &transaction, &socket)
        return transaction
    }
}
