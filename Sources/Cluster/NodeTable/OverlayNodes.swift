import Addressing
import JSON

/// All hosts of the overlay, of which no two get into each other's way.
struct OverlayNodes {
    let nodes: [Node]

    /// Reads the table, from its file where it is in one.
    ///
    /// - Throws: an error with the place of what will not do, and with the file that it is in.
    init(_ configuration: VXLANConfiguration) throws(JSONError) {
        do throws(JSONError) {
            var nodes: [Node] = []
            for reader in try configuration.table.entries() {
                nodes.append(
                    try Node(
                        reading: reader, networks: configuration.networks, vni: configuration.vni,
                        isRouted: configuration.mode.isRouted))
            }
            try self.init(nodes)
        } catch {
            guard case .file(let path) = configuration.table else { throw error }
            throw JSONError(path: "nodesFile \(path)", message: "\(error)")
        }
    }

    /// - Throws: an error with the place of a node that has what another one has.
    init(_ nodes: [Node]) throws(JSONError) {
        guard let first = nodes.first else { throw JSONError(path: "nodes", message: "no node at all") }
        try Self.requireDistinct(nodes, "publicIP") { $0.publicIP }
        try Self.requireDistinct(nodes, "name") { $0.name }
        try Self.requireDistinct(nodes, "vtepMAC") { $0.mac }
        for node in nodes where node.publicIP.family != first.publicIP.family {
            throw JSONError(
                path: node.place,
                message: "publicIP: \(node.publicIP) is \(node.publicIP.family), and that of \(first.title) is "
                    + "\(first.publicIP.family); one underlay has one family")
        }
        // In the order of their beginnings, only neighbours can overlap.
        let shares = nodes.indices.flatMap { node in nodes[node].shares.indices.map { (node: node, share: $0) } }
            .sorted { nodes[$0.node].shares[$0.share].range.first < nodes[$1.node].shares[$1.share].range.first }
        for (left, right) in zip(shares, shares.dropFirst()) {
            let (leftNode, rightNode) = (nodes[left.node], nodes[right.node])
            let (leftShare, rightShare) = (leftNode.shares[left.share], rightNode.shares[right.share])
            guard leftShare.range.overlaps(rightShare.range) else { continue }
            throw JSONError(
                path: rightNode.place, message: "\(rightShare) overlaps \(leftShare) of \(leftNode.title)")
        }
        self.nodes = nodes
    }

    private static func requireDistinct<Value: Hashable>(
        _ nodes: [Node], _ what: String, _ value: (Node) -> Value?
    ) throws(JSONError) {
        var seen: [Value: Int] = [:]
        for (index, node) in nodes.enumerated() {
            guard let value = value(node), let other = seen.updateValue(index, forKey: value) else { continue }
            throw JSONError(path: node.place, message: "\(what): \(value) is that of \(nodes[other].title) already")
        }
    }

    /// The node that this host is: the one of a name or public address, or the one with an address of this host.
    ///
    /// - Throws: an error that lists both sides when none is or several are.
    func ownNode(named name: String?, addresses: [IPAddress]) throws(JSONError) -> Node {
        let local = Set(addresses)
        let matching = nodes.filter { node in
            guard let name else { return local.contains(node.publicIP) }
            return node.name == name || node.publicIP == IPAddress(name)
        }
        if matching.count == 1, let own = matching.first { return own }
        let limit = 8
        let list = nodes.prefix(limit).map(\.title).joined(separator: ", ") + (nodes.count > limit ? ", …" : "")
        let present = addresses.filter { !$0.isLoopback && !$0.isLinkLocal }.map { "\($0)" }.joined(separator: ", ")
        if let name {
            throw JSONError(path: "node", message: "\"\(name)\" is not in the table, which has \(list)")
        }
        guard matching.isEmpty else {
            throw JSONError(
                path: "nodes",
                message: "this host has the addresses of \(matching.map(\.title).joined(separator: " and ")); set "
                    + "\"node\" to the one that it is")
        }
        throw JSONError(
            path: "nodes",
            message: "no entry is this host's: the table has \(list), this host has \(present); add it, or set "
                + "\"node\"")
    }
}
