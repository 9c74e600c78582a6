import Glibc
import JSON
import LinuxSystem

/// `host-local` with more and more leases in the directory, which is where the reference takes its time.
enum HostLocalBenchmark {
    static func run(_ bench: Bench) throws {
        let commands = ["ADD", "CHECK", "DEL"]
        var rows = try [0, 100, 1000, 10_000, 60_000].flatMap { count in
            try measure(commands.map { "\(count) leases: \($0)" }, commands, bench, leases: count)
        }
        Row.printTable("`host-local` by leases in a /16, milliseconds", rows)

        let adding = ["ADD", "DEL"]
        rows = try measure(
            adding.map { "a /16 with its last address free: \($0)" }, adding, bench, leases: 65_532, cursor: false)
        rows += try measure(["a /16 without a free address: ADD"], ["ADD"], bench, leases: 65_533, isExhausted: true)
        rows += try measure(
            adding.map { "a /64 with 60000 leases in a row: \($0)" }, adding, bench, leases: 60_000,
            subnet: "fd00:1::/64", cursor: false)
        Row.printTable("`host-local` where free addresses are hard to find, milliseconds", rows)
    }

    private static func measure(
        _ quantities: [String], _ commands: [String], _ bench: Bench, leases count: Int,
        subnet: String = "10.1.0.0/16", cursor: Bool = true, isExhausted: Bool = false
    ) throws -> [Row] {
        // The reference takes a second a call with the most.
        let bench = Bench(
            runs: count > 10_000 ? min(bench.runs, 7) : bench.runs, own: bench.own, reference: bench.reference)
        let stores = try ["own", "reference"].map { try Store($0, leases: count, subnet, cursor: cursor) }
        defer { for store in stores { store.remove() } }
        return try bench.compare(quantities) { folder, run in
            let store = folder == bench.own ? stores[0] : stores[1]
            return try commands.map { command in
                try .of { try store.call(command, "bench\(run)", in: folder, mustFail: isExhausted) }
            }
        }
    }

    /// A directory with leases as the reference writes them.
    private struct Store {
        private let path: String
        private let configuration: [UInt8]

        /// Without a cursor, the search for a free address begins at the first of the range.
        init(_ name: String, leases count: Int, _ subnet: String, cursor: Bool) throws {
            path = "/tmp/cni-bench.\(getpid()).\(name).\(count)"
            let document: JSONValue = [
                "cniVersion": "1.0.0", "name": "bench",
                "ipam": ["type": "host-local", "dataDir": .string(path), "subnet": .string(subnet)],
            ]
            configuration = document.serialized()
            try File.makeDirectory("\(path)/bench", mode: 0o755)
            guard count > 0 else { return }
            for number in 2..<count + 2 {
                let digits = String(number, radix: 16)
                let id = String(repeating: "0", count: 64 - digits.count) + digits
                try write(Self.address(number, in: subnet), "\(id)\r\neth0")
            }
            if cursor { try write("last_reserved_ip.0", Self.address(count + 1, in: subnet)) }
        }

        func remove() {
            _ = try? Subprocess.run("/bin/rm", ["-rf", path], environment: [])
        }

        func call(_ command: String, _ id: String, in folder: String, mustFail: Bool) throws {
            let child = try Subprocess.run(
                "\(folder)/host-local",
                environment: [
                    "CNI_COMMAND=\(command)", "CNI_CONTAINERID=\(id)", "CNI_IFNAME=eth0", "CNI_NETNS=/some/where",
                    "CNI_PATH=\(folder)",
                ], input: configuration)
            guard child.ending == .exited(mustFail ? 1 : 0) else {
                fail("\(folder)/host-local \(command): \(String(decoding: child.output, as: UTF8.self))")
            }
        }

        private func write(_ name: String, _ text: String) throws {
            let file = try FileDescriptor.open("\(path)/bench/\(name)", O_WRONLY | O_CREAT, mode: 0o600)
            try file.write(Array(text.utf8).span)
        }

        private static func address(_ number: Int, in subnet: String) -> String {
            subnet.contains(":") ? "fd00:1::" + String(number, radix: 16) : "10.1.\(number >> 8).\(number & 255)"
        }
    }
}
