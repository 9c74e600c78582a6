import JSON
import LinuxSystem

/// `bridge` with `host-local`: the whole of what a pod costs.
enum BridgeBenchmark {
    static func run(_ bench: Bench) throws {
        var rows: [Row] = []
        for variant in variants {
            let own = try Host("own")
            let reference = try Host("reference")
            rows += try bench.compare(["\(variant.name): ADD", "\(variant.name): DEL"]) { folder, run in
                folder == bench.own
                    ? try oneByOne(folder, run, variant, own) : try oneByOne(folder, run, variant, reference)
            }
        }
        Row.printTable("One container at a time, milliseconds", rows)
    }

    private struct Variant {
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

    private static let variants = [
        Variant(name: "IPv4"),
        Variant(name: "IPv4, ipMasq", masquerades: true),
        Variant(
            name: "dual stack, ipMasq", ranges: [[["subnet": "10.1.0.0/16"]], [["subnet": "fd00:1::/64"]]],
            masquerades: true),
    ]

    private static func oneByOne(
        _ folder: String, _ run: Int, _ variant: Variant, _ host: borrowing Host
    ) throws -> [Duration] {
        let container = try Container(id: "bench\(run)")
        let configuration = variant.configuration(leases: host.leases)
        let start = MonotonicClock.nanoseconds
        try container.call("ADD", "bridge", in: folder, on: host.namespace, configuration)
        let middle = MonotonicClock.nanoseconds
        try container.call("DEL", "bridge", in: folder, on: host.namespace, configuration)
        return [
            Duration(nanoseconds: middle - start), Duration(nanoseconds: MonotonicClock.nanoseconds - middle),
        ]
    }
}
