import LinuxSystem

/// Times the suite's plugins as whole processes beside the reference's, in turn, and prints tables for README.
///
/// A program to run and to read: what it finds is never a test's verdict.
@main
struct BenchmarkTool {
    private static let usage = """
        usage: cni-bench [SUBJECT ...] [--runs N] [--bin DIR] [--reference DIR]

        Times plugins beside the reference in scratch namespaces (root needed) and prints Markdown tables:
        medians in milliseconds, and ours over the reference's.

        subjects (all when none is named):
          startup     VERSION, which is a process's start and end
          bridge      ADD and DEL of bridge with host-local, 1 and 30 at once, beside 0 and 500 containers
          chain       ADD and DEL of bridge, portmap, firewall and tuning under cnitool
          ports       ADD and DEL of portmap with one port, beside 0 and 2,000 ports of others
          host-local  ADD, CHECK and DEL with up to 60,000 leases in the directory
          overlay     STATUS of vxlan with up to 5,000 peers, which has no reference
          backends    what iperf3 gets through vxlan, host-gw and udp between two hosts, 3 seconds a run

        --runs N          measured runs of each cell (default 40)
        --bin DIR         our executables (default: the folder of this program)
        --reference DIR   the reference's (default: /usr/lib/cni)
        """

    static func main() {
        do {
            var arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.contains("--help") || arguments.contains("-h") { return print(usage) }
            func option(_ name: String) throws -> String? {
                guard let index = arguments.firstIndex(of: name) else { return nil }
                guard arguments.indices.contains(index + 1) else { throw UsageError() }
                let value = arguments[index + 1]
                arguments.removeSubrange(index...index + 1)
                return value
            }
            let runs = try option("--runs").map { text in
                guard let number = Int(text), number > 0 else { throw UsageError() }
                return number
            }
            let own = try InstalledPlugins(plugins, from: option("--bin") ?? folderOfThisProgram, as: "own")
            let reference = try InstalledPlugins(
                plugins, from: option("--reference") ?? "/usr/lib/cni", as: "reference")
            let bench = Bench(runs: runs ?? 40, own: own.folder, reference: reference.folder)
            let subjects: [(name: String, run: (Bench) throws -> Void)] = [
                ("startup", StartupBenchmark.run), ("bridge", BridgeBenchmark.run),
                ("chain", ChainBenchmark.run), ("ports", PortBenchmark.run),
                ("host-local", HostLocalBenchmark.run), ("overlay", OverlayBenchmark.run),
                ("backends", BackendBenchmark.run),
            ]
            guard arguments.allSatisfy({ name in subjects.contains { $0.name == name } }) else { throw UsageError() }
            for subject in subjects where arguments.isEmpty || arguments.contains(subject.name) {
                try subject.run(bench)
            }
        } catch is UsageError {
            fail(usage)
        } catch {
            fail("cni-bench: \(error)")
        }
    }

    /// What the subjects run, themselves or as delegates.
    private static let plugins = [
        "bridge", "cnitool", "firewall", "host-local", "loopback", "portmap", "tuning", "vxlan",
    ]

    private struct UsageError: Error {}

    private static var folderOfThisProgram: String {
        let path = CommandLine.arguments.first ?? ""
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
