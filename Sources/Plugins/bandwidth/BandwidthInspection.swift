import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// What limits a container, compared with what is asked for.
struct BandwidthInspection: ~Copyable {
    private let invocation: Invocation
    private let configuration: BandwidthConfiguration
    private var host: RouteSocket
    private let link: Link
    private var differences = Differences()

    /// - Throws: code 8 without the container's namespace, 7 without a pair that leads to this host.
    init(_ invocation: Invocation, _ configuration: BandwidthConfiguration, _ previous: CNIResult) throws {
        var container = try RouteSocket(in: try invocation.openNamespace())
        var host = try RouteSocket()
        link = try invocation.hostEnd(in: previous, &container, &host)
        self.invocation = invocation
        self.configuration = configuration
        self.host = host
    }

    /// - Throws: all differences as one error; what keeps it from looking.
    mutating func run() throws {
        if let limit = configuration.ingress {
            try Shaper(limit, configuration.subnets, .source).inspect(link, on: &host, &differences)
        }
        if let limit = configuration.egress { try inspectEgress(limit) }
        try differences.finish()
    }

    private mutating func inspectEgress(_ limit: TokenBucket) throws(SystemError) {
        let ifbs = try invocation.attachment.ownIFBs(on: &host)
        let redirections = try host.filters(of: link.index, at: Link.ingressHandle).compactMap(\.redirection)
        guard let ifb = ifbs.first(where: { redirections.contains($0.index) }) ?? ifbs.first else {
            return differences.note("The ifb of interface \(invocation.interfaceName) is missing")
        }
        if !redirections.contains(ifb.index) {
            differences.note(
                "What \(invocation.interfaceName) sends is not redirected from \(link.name) to \(ifb.name)")
        }
        if !ifb.isUp { differences.note("Interface \(ifb.name) is down") }
        try Shaper(limit, configuration.subnets, .destination).inspect(ifb, on: &host, &differences)
    }
}
