import JSON
import LinuxSystem

/// `portmap` with one port of a container, beside none and beside thousands of others'.
enum PortBenchmark {
    static func run(_ bench: Bench) throws {
        let hosts = [
            try PortHost(bench.own, others: 0), try PortHost(bench.own, others: others),
            try PortHost(bench.reference, others: 0),
        ]
        let samples = try Bench.measure(2, sides: hosts.count, runs: bench.runs) { side, run in
            let container = try Container(id: "bench\(run)")
            return try ["ADD", "DEL"].map { verb in
                try .of { try hosts[side].call(verb, container, address: "10.1.0.2", ports: [8080]) }
            }
        }
        print("\n`portmap` with one port, medians in milliseconds\n")
        print("| | ours | ours beside \(others) ports of others | ratio | reference | ours over it |")
        print("|---|---:|---:|---:|---:|---:|")
        for (verb, sides) in zip(["ADD", "DEL"], samples) {
            let (few, many, reference) = (sides[0].median, sides[1].median, sides[2].median)
            let cells = [
                Row.decimal(few, digits: 2), Row.decimal(many, digits: 2), Row.decimal(many / few, digits: 2),
                Row.decimal(reference, digits: 2), Row.decimal(few / reference, digits: 3),
            ]
            print("| \(verb) | \(cells.joined(separator: " | ")) |")
        }
    }

    /// How many ports others have, four a container.
    private static let others = 2000
}

/// A host whose ports are one side's.
private final class PortHost {
    private let host: Host
    private let folder: String

    init(_ folder: String, others: Int) throws {
        host = try Host("ports.\(folder.split(separator: "/").joined(separator: ".")).\(others)")
        self.folder = folder
        for number in 0..<others / 4 {
            let container = try Container(id: "standing\(number)")
            let address = "10.1.\(1 + number / 250).\(2 + number % 250)"
            try call("ADD", container, address: address, ports: (0..<4).map { 20_000 + number * 4 + $0 })
        }
    }

    func call(_ verb: String, _ container: borrowing Container, address: String, ports: [Int]) throws {
        let mappings = ports.map { port -> JSONValue in
            ["hostPort": .number(JSONNumber(port)), "containerPort": 80, "protocol": "tcp"]
        }
        let configuration: JSONValue = [
            "cniVersion": "1.0.0", "name": "bench", "type": "portmap",
            "runtimeConfig": ["portMappings": .array(mappings)],
            "prevResult": [
                "cniVersion": "1.0.0", "interfaces": [["name": "eth0", "sandbox": "/run/netns/x"]],
                "ips": [["address": .string("\(address)/16"), "interface": 0]],
            ],
        ]
        try container.call(verb, "portmap", in: folder, on: host.namespace, configuration.serialized())
    }
}
