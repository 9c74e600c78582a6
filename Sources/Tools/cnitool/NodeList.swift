import Addressing
import CNI
import CNIRuntime
import LinuxSystem
import NodeTable
import Overlay
import RouteNetlink

enum NodeList: Subcommand {
    static let name = "overlay"
    static let parameters = "[--probe] [--json] [NET]"
    static let purpose = "list the nodes of a vxlan network, and whether what leads to them is there"

    /// Milliseconds that nodes have to answer a probe.
    private static let timeout = 3000

    static func run(_ arguments: inout Arguments) throws {
        let probes = arguments.flag("--probe")
        let asJSON = arguments.flag("--json")
        let network = try arguments.optionalOperand()
        try arguments.end()
        var host = try RouteSocket()
        let site = try OverlaySite(reading: configuration(of: network).reader, on: &host)
        guard !probes || site.configuration.mode.isRouted else {
            throw Failure(lines: ["--probe: the nodes of a segment have no addresses of their own in the overlay"])
        }
        let bridge = try site.configuration.bridge.flatMap { try host.link(named: $0)?.index }
        let overlay = site.overlay(bridge: bridge)
        let inspection = try overlay.inspect(on: &host)
        let echoes = probes ? try overlay.probe(timeout: timeout) : nil
        let rows = site.nodes.map { node in
            NodeRow(
                node: node, state: inspection.peers[node.publicIP], echoes: echoes.map { $0[node.publicIP] ?? [] })
        }
        let text = asJSON ? NodeRow.json(rows) : NodeRow.table(rows)
        try StandardStreams.writeOutput(Array("\(text)\n".utf8))
        let faults = inspection.differences.map(\.finding) + rows.flatMap(\.silence)
        guard faults.isEmpty else { throw Failure(lines: faults) }
    }

    /// What the network's plugin reads; without a name, that of the only network that has it.
    private static func configuration(of name: String?) throws -> NetworkConfiguration {
        let configurations = try Settings().configurations
        let lists = if let name { [try configurations.list(named: name)] } else { try configurations.lists() }
        let found = lists.compactMap { list in
            list.plugins.first { $0.type == "vxlan" }.map { (list: list, plugin: $0) }
        }
        guard let only = found.first else {
            let subject = name.map { "network \"\($0)\"" } ?? "no network in \(configurations.path)"
            throw Failure(lines: ["\(subject) has \(name == nil ? "a" : "no") vxlan in it"])
        }
        guard found.count == 1 else {
            let names = found.map { "\"\($0.list.name)\"" }.joined(separator: ", ")
            throw UsageError("NET is missing: there is \(names)")
        }
        return try only.plugin.networkConfiguration(in: only.list)
    }
}
