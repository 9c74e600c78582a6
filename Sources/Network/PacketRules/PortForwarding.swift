package import Attachments
package import LinuxSystem
package import Nftables

/// Ports of this host that lead to containers, in a table of nf_tables.
///
/// Maps have the container's address and port for each protocol, address of the host and port, so neither packets nor
/// changes take longer with more of them. An index says what an attachment has, so that it can be removed by whoever
/// knows no more than whose it is. All methods work on the namespace of the socket that they are given.
package struct PortForwarding: Sendable {
    let table: Table

    /// - Parameter table: the name of a table of family `inet` that is used for nothing else.
    package init(table: String) {
        self.table = Table(.inet, table, comment: "ports of this host that lead to containers, by CNI plugins")
    }

    /// Lets ports lead to the owner's container, and none that the owner had before.
    ///
    /// Rules that somebody has changed are made anew. Adding twice changes nothing.
    ///
    /// - Throws: `EADDRINUSE`, with whoever has it, when a port leads to another's container; what the kernel refused.
    ///   Nothing has changed then.
    package func add(
        _ ports: [PortForward], for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) {
        try socket.update { (socket) throws(SystemError) in
            var transaction = NftablesTransaction()
            try ruleset(with: ports, on: &socket).appendMissingTable(to: &transaction, on: &socket)
            let wanted = elements(for: ports, owner)
            let present = try Set(elements(of: owner, on: &socket))
            var replaced = present.subtracting(wanted)
            let added = wanted.filter { !present.contains($0) }
            for element in added {
                guard let other = try socket.element(for: element.key, in: element.set) else { continue }
                // An address that was a container's before, which is gone, says nothing of who may have the port.
                guard other.comment == owner.comment || element.data == nil else {
                    throw taken(element, by: other, ports)
                }
                replaced.insert(other)
            }
            for element in replaced { transaction.delete(element) }
            for element in added { transaction.add(element) }
            return transaction
        }
    }

    /// Those of the ports that do not lead to the owner's container, or not in the way that they should.
    package func missing(
        of ports: [PortForward], for owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> [PortForward] {
        let present = try Set(elements(of: owner, on: &socket))
        return ports.filter { port in !present.isSuperset(of: elements(for: port, owner)) }
    }

    /// Whether the rules that look ports up are as they were made; true as well where no port leads anywhere.
    package func isWhole(on socket: inout NftablesSocket) throws(SystemError) -> Bool {
        guard try socket.useCount(of: table) != nil else { return true }
        return try ruleset(with: [], on: &socket).isWhole(on: &socket)
    }

    /// Whether any port leads anywhere.
    package func isThere(on socket: inout NftablesSocket) throws(SystemError) -> Bool {
        try socket.useCount(of: table) != nil
    }

    /// Takes all of the owner's ports away from its container; others' stay.
    ///
    /// - Returns: what they were, but for their networks and who was masqueraded.
    /// - Throws: what the kernel refused; nothing has changed then.
    package func remove(
        of owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> [PortForward] {
        var removed: [PortForward] = []
        try socket.update { (socket) throws(SystemError) in
            let elements = try elements(of: owner, on: &socket)
            removed = elements.compactMap(PortForward.init)
            return try ruleset(with: [], on: &socket).removal(of: elements, &socket)
        }
        return removed
    }

    /// Takes all ports of a network away but those of some owners.
    ///
    /// Takes longer the more ports there are.
    ///
    /// - Returns: what they were, but for their networks and who was masqueraded.
    /// - Throws: what the kernel refused.
    package func removeAll(
        ofNetwork network: String, except valid: Set<Attachment>, on socket: inout NftablesSocket
    ) throws(SystemError) -> [PortForward] {
        let isStale = Attachment.isStale(inNetwork: network, except: valid)
        let ruleset = try ruleset(with: [], on: &socket)
        var removed: [PortForward] = []
        for map in ruleset.maps {
            removed += try socket.elements(of: map).filter { isStale($0.comment ?? "") }.compactMap(PortForward.init)
        }
        try ruleset.removeAll(on: &socket, where: isStale)
        return removed
    }

    private func taken(
        _ element: NftablesSet.Element, by other: NftablesSet.Element, _ ports: [PortForward]
    ) -> SystemError {
        let port = PortForward(element)?.hostSide ?? "a port"
        return SystemError(
            "map", port, .addressInUse, explanation: "\(Attachment.owner(inComment: other.comment)) has it")
    }
}
