import Glibc
import JSON
import LinuxSystem

/// `host-local` with more and more leases in the directory, which is where the reference takes its time.
enum HostLocalBenchmark {
    static func run(_ bench: Bench) throws {
        var rows: [Row] = []
        for count in [0, 100, 1000, 10_000, 60_000] {
            // The reference takes a second a call with the most.
            let bench = Bench(
                runs: count > 10_000 ? min(bench.runs, 7) : bench.runs, own: bench.own, reference: bench.reference)
            let stores = [try Store("own", leases: count), try Store("reference", leases: count)]
            defer { for store in stores { store.remove() } }
            rows += try bench.compare(["ADD", "CHECK", "DEL"].map { "\(count) leases: \($0)" }) { folder, run in
                let store = folder == bench.own ? stores[0] : stores[1]
                return try ["ADD", "CHECK", "DEL"].map { command in
                    try .of { try store.call(command, "bench\(run)", in: folder) }
                }
            }
        }
        Row.printTable("`host-local` by leases in a /16, milliseconds", rows)
    }

    /// A directory with leases as the reference writes them.
    private struct Store {
        private let path: String
        private let configuration: [UInt8]

        init(_ name: String, leases count: Int) throws {
            path = "/tmp/cni-bench.\(getpid()).\(name).\(count)"
            let document: JSONValue = [
                "cniVersion": "1.0.0", "name": "bench",
                "ipam": ["type": "host-local", "dataDir": .string(path), "subnet": "10.1.0.0/16"],
            ]
            configuration = document.serialized()
            try File.makeDirectory("\(path)/bench", mode: 0o755)
            guard count > 0 else { return }
            for number in 2..<count + 2 {
                let digits = String(number, radix: 16)
                let id = String(repeating: "0", count: 64 - digits.count) + digits
                try write(Self.address(number), "\(id)\r\neth0")
            }
            try write("last_reserved_ip.0", Self.address(count + 1))
        }

        func remove() {
            _ = try? Subprocess.run("/bin/rm", ["-rf", path], environment: [])
        }

        func call(_ command: String, _ id: String, in folder: String) throws {
            let child = try Subprocess.run(
                "\(folder)/host-local",
                environment: [
                    "CNI_COMMAND=\(command)", "CNI_CONTAINERID=\(id)", "CNI_IFNAME=eth0", "CNI_NETNS=/some/where",
                    "CNI_PATH=\(folder)",
                ], input: configuration)
            guard child.ending == .exited(0) else {
                fail("\(folder)/host-local \(command): \(String(decoding: child.output, as: UTF8.self))")
            }
        }

        private func write(_ name: String, _ text: String) throws {
            let file = try FileDescriptor.open("\(path)/bench/\(name)", O_WRONLY | O_CREAT, mode: 0o600)
            try file.write(Array(text.utf8).span)
        }

        private static func address(_ number: Int) -> String { "10.1.\(number >> 8).\(number & 255)" }
    }
}
