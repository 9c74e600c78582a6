import CNI
import FlannelDaemon
import Glibc
import LinuxSystem

/// Joins this host to a flannel network, and keeps it in step with the other hosts.
@main
struct Flanneld {
    static func main() async {
        StandardStreams.surviveClosedPipes()
        #if Daemon
        await start()
        #else
        StandardStreams.log(
            "flanneld: this one was built without its packages; build it by swift build --traits Daemon")
        exit(1)
        #endif
    }

    #if Daemon
    private static func start() async {
        let arguments: Arguments
        do {
            arguments = try Arguments(
                Array(CommandLine.arguments.dropFirst()), environment: ProcessEnvironment.value,
                report: StandardStreams.log)
        } catch {
            StandardStreams.log("flanneld: \(error)")
            exit(1)
        }
        switch arguments.request {
        case .help:
            StandardStreams.log(Flag.usage)
            exit(0)
        case .version:
            StandardStreams.log(PackageVersion.current)
            exit(0)
        case .run(let options): await run(options)
        }
    }

    private static func run(_ options: DaemonOptions) async {
        do {
            try await Daemon(options).run()
        } catch {
            StandardStreams.log("flanneld: \(error)")
        }
        exit(1)
    }
    #endif
}
