import JSON
import LinuxSystem

/// `bridge` with `host-local`: the whole of what a pod costs, alone and with others, on a host with none and with many.
enum BridgeBenchmark {
    static func run(_ bench: Bench) throws {
        var rows: [[Row]] = crowds.map { _ in [] }
        for variant in variants {
            let hosts = try crowds.flatMap { crowd in
                try bench.sides.map { folder in try StandingHost(crowd, variant, folder) }
            }
            for together in [1, 30] {
                let names = ["ADD", "DEL"].map { verb in
                    together == 1 ? "\(variant.name): \(verb)" : "\(variant.name): \(together) \(verb)s at once"
                }
                // Thirty at once are thirty samples of what one costs.
                let runs = together == 1 ? bench.runs : max(5, bench.runs / 5)
                let samples = try Bench.measure(names.count, sides: hosts.count, runs: runs) { side, run in
                    try hosts[side].addAndDelete((0..<together).map { "bench\(run).\($0)" })
                }
                for (quantity, name) in names.enumerated() {
                    for crowd in crowds.indices {
                        let (own, reference) = (samples[quantity][2 * crowd], samples[quantity][2 * crowd + 1])
                        rows[crowd].append(Row(name: name, own: own, reference: reference))
                    }
                }
            }
        }
        for (crowd, rows) in zip(crowds, rows) {
            Row.printTable("`bridge` beside \(crowd) other containers, milliseconds", rows)
        }
        printGrowth(rows)
    }

    /// How many containers are there already.
    private static let crowds = [0, 500]

    private static let variants = [
        Variant(name: "IPv4"),
        Variant(name: "IPv4, ipMasq", masquerades: true),
        Variant(
            name: "dual stack, ipMasq", ranges: [[["subnet": "10.1.0.0/16"]], [["subnet": "fd00:1::/64"]]],
            masquerades: true),
    ]

    fileprivate struct Variant {
        let name: String
        var ranges: JSONValue = [[["subnet": "10.1.0.0/16"]]]
        var masquerades = false

        func configuration(leases: String) -> [UInt8] {
            let document: JSONValue = [
                "cniVersion": "1.0.0", "name": "bench", "type": "bridge", "bridge": "bench0", "isDefaultGateway": true,
                "ipMasq": .bool(masquerades),
                "ipam": ["type": "host-local", "dataDir": .string(leases), "ranges": ranges],
            ]
            return document.serialized()
        }
    }

    /// What the crowd costs: medians with the most over those with the fewest.
    private static func printGrowth(_ rows: [[Row]]) {
        guard let few = rows.first, let many = rows.last, let crowd = crowds.last else { return }
        print("\nGrowth of medians with \(crowd) other containers\n")
        print("| | ours | reference |")
        print("|---|---:|---:|")
        for (few, many) in zip(few, many) {
            let cells = [many.own.median / few.own.median, many.reference.median / few.reference.median]
                .map { Row.decimal($0, digits: 2) }
            print("| \(few.name) | \(cells.joined(separator: " | ")) |")
        }
    }
}

/// A host with containers that stay, all made by one side's plugins.
private final class StandingHost {
    private let host: Host
    private let folder: String
    private let configuration: [UInt8]
    private var standing: [StandingContainer] = []

    init(_ crowd: Int, _ variant: BridgeBenchmark.Variant, _ folder: String) throws {
        let host = try Host("\(folder.split(separator: "/").joined(separator: ".")).\(crowd)")
        configuration = variant.configuration(leases: host.leases)
        self.folder = folder
        self.host = host
        for number in 0..<crowd {
            standing.append(StandingContainer(try Container(id: "standing\(number)")))
            try standing[number].container.call("ADD", "bridge", in: folder, on: self.host.namespace, configuration)
        }
    }

    /// Adds new containers, all at once, and then deletes them.
    func addAndDelete(_ ids: [String]) throws -> [Duration] {
        let containers = try ids.map { StandingContainer(try Container(id: $0)) }
        return try ["ADD", "DEL"].map { command in try .of { try callAll(command, containers[...]) } }
    }

    /// Each call is made while the ones before it run.
    private func callAll(_ command: String, _ containers: ArraySlice<StandingContainer>) throws {
        guard let first = containers.first else { return }
        var failure: (any Error)?
        try first.container.call(command, "bridge", in: folder, on: host.namespace, configuration) {
            do { try callAll(command, containers.dropFirst()) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

/// A container that can be kept among others.
private final class StandingContainer {
    let container: Container

    init(_ container: consuming Container) {
        self.container = container
    }
}
