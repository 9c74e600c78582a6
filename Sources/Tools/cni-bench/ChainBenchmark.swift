import JSON
import LinuxSystem

/// The four plugins that podman chains, as `cnitool` runs them: the same for both sides, whose plugins it is given.
enum ChainBenchmark {
    static func run(_ bench: Bench) throws {
        let hosts = try bench.sides.map { try ChainHost($0, tool: "\(bench.own)/cnitool") }
        let names = ["ADD", "DEL"].map { "bridge, portmap, firewall, tuning: \($0)" }
        let samples = try Bench.measure(names.count, sides: hosts.count, runs: bench.runs) { side, run in
            let container = try Container(id: "bench\(run)")
            return try ["add", "del"].map { verb in try .of { try hosts[side].call(verb, container.path) } }
        }
        Row.printTable(
            "A chain under `cnitool`, milliseconds",
            zip(names, samples).map { name, sides in Row(name: name, own: sides[0], reference: sides[1]) })
    }
}

/// A host with the chain's configuration.
private final class ChainHost {
    private let host: Host
    private let tool: String
    private let environment: [String]

    init(_ folder: String, tool: String) throws {
        let host = try Host("chain.\(folder.split(separator: "/").joined(separator: "."))")
        let configuration: JSONValue = [
            "cniVersion": "1.0.0", "name": "bench",
            "plugins": [
                [
                    "type": "bridge", "bridge": "bench0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
                    "ipam": [
                        "type": "host-local", "dataDir": .string("\(host.leases)/leases"),
                        "routes": [["dst": "0.0.0.0/0"]], "ranges": [[["subnet": "10.1.0.0/16"]]],
                    ],
                ],
                ["type": "portmap", "capabilities": ["portMappings": true]],
                ["type": "firewall"],
                [
                    "type": "tuning", "dataDir": .string("\(host.leases)/tuning"),
                    "sysctl": ["net.core.somaxconn": "4096"],
                ],
            ],
        ]
        try File.replace("\(host.leases)/10-bench.conflist", with: configuration.serialized(), mode: 0o600)
        environment = [
            "NETCONFPATH=\(host.leases)", "CNI_CACHE_DIR=\(host.leases)/results", "CNI_PATH=\(folder)",
            #"CAP_ARGS={"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}"#,
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        self.host = host
        self.tool = tool
    }

    func call(_ verb: String, _ namespace: String) throws {
        let (tool, environment) = (tool, environment)
        let child = try host.namespace.run { () throws(SystemError) in
            try Subprocess.run(tool, [verb, "bench", namespace], environment: environment)
        }
        guard child.ending == .exited(0) else {
            fail("cnitool \(verb): \(String(decoding: child.output + child.errorOutput, as: UTF8.self))")
        }
    }
}
