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
    static let purpose = "list the nodes of a vxlan or flannel network, and what leads to them"

    /// Milliseconds that nodes have to answer a probe.
    private static let timeout = 3000

    static func run(_ arguments: inout Arguments) throws {
        let probes = arguments.flag("--probe")
        let asJSON = arguments.flag("--json")
        let network = try arguments.optionalOperand()
        try arguments.end()
        var host = try RouteSocket()
        let (type, found) = try configuration(of: network)
        let show = type == "flannel" ? flannel : vxlan
        let (rows, faults) = try show(found, probes, &host)
        let text = asJSON ? NodeRow.json(rows) : NodeRow.table(rows)
        try StandardStreams.writeOutput(Array("\(text)\n".utf8))
        guard faults.isEmpty else { throw Failure(lines: faults) }
    }

    private static func vxlan(
        _ configuration: NetworkConfiguration, _ probes: Bool, _ host: inout RouteSocket
    ) throws -> ([NodeRow], [String]) {
        let site = try OverlaySite(reading: configuration.reader, on: &host)
        guard !probes || site.configuration.mode.isRouted else {
            throw Failure(lines: ["--probe: the nodes of a segment have no addresses of their own in the overlay"])
        }
        let bridge = try site.configuration.bridge.flatMap { try host.link(named: $0)?.index }
        let overlay = site.overlay(bridge: bridge)
        let inspection = try overlay.inspect(on: &host)
        let echoes = probes ? try overlay.probe(timeout: timeout) : nil
        let rows = site.nodes.map { node in
            NodeRow(node, inspection.peers[node.publicIP], echoes.map { $0[node.publicIP] ?? [] })
        }
        return (rows, inspection.differences.map(\.finding) + rows.flatMap(\.silence))
    }

    private static func flannel(
        _ configuration: NetworkConfiguration, _ probes: Bool, _ host: inout RouteSocket
    ) throws -> ([NodeRow], [String]) {
        let site = try FlannelSite(reading: configuration, probingWithin: probes ? timeout : nil, on: &host)
        return (site.rows, site.faults)
    }

    /// What the network's plugin reads; without a name, that of the only network that has it.
    private static func configuration(
        of name: String?
    ) throws -> (type: String, configuration: NetworkConfiguration) {
        let configurations = try Settings().configurations
        let lists = if let name { [try configurations.list(named: name)] } else { try configurations.lists() }
        let found = lists.compactMap { list in
            list.plugins.first { ["vxlan", "flannel"].contains($0.type) }.map { (list: list, plugin: $0) }
        }
        guard let only = found.first else {
            let subject = name.map { "network \"\($0)\"" } ?? "no network in \(configurations.path)"
            throw Failure(lines: ["\(subject) has \(name == nil ? "a" : "no") vxlan or flannel in it"])
        }
        guard found.count == 1 else {
            let names = found.map { "\"\($0.list.name)\"" }.joined(separator: ", ")
            throw UsageError("NET is missing: there is \(names)")
        }
        return (only.plugin.type, try only.plugin.networkConfiguration(in: only.list))
    }
}
