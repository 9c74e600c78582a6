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
        let roots = try Settings().list(named: network).leaseRoots
        guard !roots.isEmpty else {
            throw Failure(lines: ["network \"\(network)\" has no host-local in it, whose leases these would be"])
        }
        let rows = try roots.flatMap { root in try LeaseRow.all(network: network, root: root) }
        let text = asJSON ? LeaseRow.json(rows) : LeaseRow.table(rows)
        try StandardStreams.writeOutput(Array("\(text)\n".utf8))
    }
}
