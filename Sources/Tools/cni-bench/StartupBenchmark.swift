import LinuxSystem

/// VERSION, which does nothing but start and end.
enum StartupBenchmark {
    static func run(_ bench: Bench) throws {
        var rows: [Row] = []
        for plugin in ["bridge", "host-local", "loopback"] {
            rows += try bench.compare(["`\(plugin)` VERSION"]) { folder, _ in
                let path = "\(folder)/\(plugin)"
                return [
                    try .of { _ = try Subprocess.run(path, environment: ["CNI_COMMAND=VERSION"]) }
                ]
            }
        }
        Row.printTable("Start-up, milliseconds", rows)
    }
}
