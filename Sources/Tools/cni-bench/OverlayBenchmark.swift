import Addressing
import Glibc
import JSON
import LinuxSystem
import RouteNetlink

/// `vxlan` with more and more peers: STATUS, which reconciles and then asks its delegate.
enum OverlayBenchmark {
    static func run(_ bench: Bench) throws {
        let runs = min(bench.runs, 10)
        print("\n`vxlan` STATUS by peers, \(runs) runs, medians in milliseconds\n")
        print("| peers | all to be added: CPU | elapsed | nothing to do: CPU | elapsed |")
        print("|---:|---:|---:|---:|---:|")
        for count in [10, 100, 1000, 2000, 5000] {
            var first = CostSamples()
            var next = CostSamples()
            for _ in 0..<runs {
                let node = try Node(peers: count)
                first.append(try .of { try node.reconcile(by: bench.own) })
                next.append(try .of { try node.reconcile(by: bench.own) })
            }
            print("| \(count) | \(first.cells) | \(next.cells) |")
        }
    }

    /// What a child process and its own took.
    private struct Cost {
        let cpu: Duration
        let elapsed: Duration

        static func of(_ body: () throws -> Void) rethrows -> Cost {
            let before = childrensNanoseconds
            let elapsed = try Duration.of(body)
            return Cost(cpu: Duration(nanoseconds: childrensNanoseconds - before), elapsed: elapsed)
        }

        /// User and system time of all children that have ended: getrusage(2).
        private static var childrensNanoseconds: Int {
            var usage = rusage()
            unsafe getrusage(RUSAGE_CHILDREN.rawValue, &usage)
            return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + $1.tv_sec * 1_000_000_000 + $1.tv_usec * 1000 }
        }

    }

    private struct CostSamples {
        private var costs: [Cost] = []

        mutating func append(_ cost: Cost) { costs.append(cost) }

        /// The medians of both, as cells of a table.
        var cells: String {
            [costs.map(\.cpu), costs.map(\.elapsed)]
                .map { Row.decimal(Samples($0).median, digits: 1) }.joined(separator: " | ")
        }
    }

    /// A host with an underlay, and the table of all its peers, which are nowhere.
    private struct Node: ~Copyable {
        private let host: Host
        private let configuration: [UInt8]

        init(peers count: Int) throws {
            let host = try Host("overlay")
            var socket = try RouteSocket(in: host.namespace)
            var end = NewLink(name: "under0")
            end.isUp = true
            try socket.perform(.create(end, VethPeer(NewLink(name: "under1"))))
            var up = LinkChange()
            up.isUp = true
            try socket.perform(.change(linkNamed: "under1", to: up))
            if let link = try socket.link(named: "under0"), let address = InterfaceAddress("172.16.0.1/12") {
                try socket.perform(.add(address, to: link.index, link.name, detectsDuplicates: false))
            }
            let nodes = (0...count).map { number -> JSONValue in
                let part = "\(number >> 8).\(number & 255)"
                return [
                    "publicIP": .string("172.16.\((number + 1) >> 8).\((number + 1) & 255)"),
                    "subnet": .string("10.\(part).0/24"),
                ]
            }
            let table = "\(host.leases)/nodes.json"
            try File.replace(table, with: JSONValue.array(nodes).serialized(), mode: 0o600)
            let document: JSONValue = [
                "cniVersion": "1.1.0", "name": "bench", "type": "vxlan", "device": "bench0", "network": "10.0.0.0/8",
                "nodesFile": .string(table), "ipam": ["dataDir": .string(host.leases)],
            ]
            configuration = document.serialized()
            self.host = host
        }

        borrowing func reconcile(by folder: String) throws {
            let child = try host.namespace.run { [configuration] () throws(SystemError) in
                try Subprocess.run(
                    "\(folder)/vxlan", environment: ["CNI_COMMAND=STATUS", "CNI_PATH=\(folder)"], input: configuration)
            }
            guard child.ending == .exited(0) else {
                fail("\(folder)/vxlan STATUS: \(String(decoding: child.output, as: UTF8.self))")
            }
        }
    }
}
