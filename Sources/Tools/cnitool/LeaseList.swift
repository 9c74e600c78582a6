import CNI
import CNIRuntime
import JSON
import Leases
import LinuxSystem

enum LeaseList: Subcommand {
    static let name = "leases"
    static let parameters = "[--json] NET"
    static let purpose = "list the network's addresses that host-local has leased, and to whom"

    static func run(_ arguments: inout Arguments) throws {
        let asJSON = arguments.flag("--json")
        let network = try arguments.operand("NET")
        try arguments.end()
        let list = try Settings().list(named: network)
        let roots = roots(of: list)
        guard !roots.isEmpty else { throw Failure(lines: ["network \"\(network)\" has no host-local in it"]) }
        let rows = try roots.flatMap { root in try LeaseRow.all(network: network, root: root) }
        let text = asJSON ? LeaseRow.json(rows) : LeaseRow.table(rows)
        try StandardStreams.writeOutput(Array("\(text)\n".utf8))
    }

    /// Where the network's plugins keep their leases, each directory once.
    private static func roots(of list: ConfigurationList) -> [String] {
        var roots: [String] = []
        for plugin in list.plugins {
            guard let ipam = plugin.object["ipam"]?.object, ipam["type"]?.string == "host-local" else { continue }
            let written = ipam["dataDir"]?.string ?? ""
            let root = written.isEmpty ? LeaseStore.defaultRoot : written
            if !roots.contains(root) { roots.append(root) }
        }
        return roots
    }
}
