import Addressing
import Glibc
import LinuxSystem
import RouteNetlink

/// Writes what Docker has to be started with to use this host's subnet.
@main
struct MakeDockerOptions {
    static func main() {
        guard let request = Request(Array(CommandLine.arguments.dropFirst())) else {
            end(Request.usage)
        }
        do {
            try run(request)
        } catch let error as DockerOptions.InvalidMasquerade {
            // The reference's words.
            end("Invalid value of FLANNEL_IPMASQ: \(error.value)")
        } catch {
            end("mk-docker-opts: \(error)")
        }
    }

    private static func run(_ request: Request) throws {
        let variables = ShellVariables(environment: ProcessEnvironment.entries, file: try contents(of: request.source))
        let options = try DockerOptions(variables, masquerades: request.masquerades)
        let text = options.text(request.form, combinedAs: request.key, behind: variables.given(request.key))
        try write(Array(text.utf8), to: request.target)
        guard let subnet = options.subnet, let route = try routeByAnotherHost(to: subnet) else { return }
        end("Your routing table already contains the subnet: \(route)")
    }

    /// Nothing where there is no file: the reference's script goes on with what its environment has.
    private static func contents(of path: String) throws(SystemError) -> [UInt8] {
        do throws(SystemError) {
            return try File.read(path, limit: 1 << 20)
        } catch  where error.code == .noSuchFile {
            return []
        }
    }

    /// What is no file, such as `/dev/stdout`, is written to as it is.
    private static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        if (try? FileStatus(path: path).isRegular) ?? true {
            try File.replace(path, with: bytes, mode: 0o644)
        } else {
            try File.overwrite(path, with: bytes)
        }
    }

    /// Docker would not be reached by what is routed to another host.
    private static func routeByAnotherHost(to subnet: CIDR) throws(SystemError) -> Route? {
        var host = try RouteSocket()
        return try host.mainRoutes(subnet.family).first { $0.destination == subnet && $0.gateway != nil }
    }

    private static func end(_ words: String) -> Never {
        StandardStreams.log(words)
        exit(1)
    }
}
