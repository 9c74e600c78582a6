import Attachments
import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// Limits how much a container sends and gets, by qdiscs on the host's end of its veth pair.
@main
struct BandwidthPlugin: CNIPlugin {
    static let name = "bandwidth"

    static func main() { PluginMain.run(BandwidthPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        var result = try invocation.configuration.chainedResult()
        let configuration = try BandwidthConfiguration(invocation.configuration)
        guard !configuration.isEmpty else { return result }
        var attachment = try BandwidthAttachment(invocation, configuration, result)
        try attachment.limitIngress()
        if let ifb = try attachment.limitEgress() { result.interfaces.append(CNIResult.Interface(ifb)) }
        try attachment.commit()
        return result
    }

    func delete(_ invocation: Invocation) throws {
        var teardown = Teardown()
        var host = try RouteSocket()
        let ifbs = try invocation.attachment.ownIFBs(on: &host)
        // With the pair goes what is on it; where that stays, nothing may lead to a device that is gone.
        teardown.attempt { try invocation.removeLimits(redirectingTo: ifbs, on: &host) }
        for ifb in ifbs {
            teardown.attempt { try host.deleteLink(named: ifb.name) }
        }
        try teardown.finish()
    }

    func check(_ invocation: Invocation) throws {
        let previous = try invocation.configuration.chainedResult()
        let configuration = try BandwidthConfiguration(invocation.configuration)
        guard !configuration.isEmpty else { return }
        var inspection = try BandwidthInspection(invocation, configuration, previous)
        try inspection.run()
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        var teardown = Teardown()
        var host = try RouteSocket()
        for link in try host.links() where link.isIFB {
            guard let owner = link.alias.flatMap({ Attachment(alias: $0, network: configuration.name) }),
                !valid.contains(owner)
            else { continue }
            teardown.attempt { try host.deleteLink(named: link.name) }
        }
        try teardown.finish()
    }

    /// Makes what ADD makes, in a namespace that ends with it.
    func status(_ configuration: NetworkConfiguration) throws {
        let subnets = try BandwidthConfiguration(configuration).subnets
        let limit = TokenBucket(rate: 1_000_000, burst: 100_000)
        var scratch = try RouteSocket(in: try NetworkNamespace.make())
        try scratch.perform(.create(NewLink(name: "status"), IFBOptions()))
        guard let link = try scratch.link(named: "status") else { return }
        try scratch.perform(Shaper(limit, subnets, .destination).requests(for: link))
        try scratch.perform(link.redirection(to: link))
    }
}
