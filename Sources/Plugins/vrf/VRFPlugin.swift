import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// Has an interface that a chain's earlier plugin has made be routed by a table of its own.
@main
struct VRFPlugin: CNIPlugin {
    static let name = "vrf"

    static var supportedVersions: [CNIVersion] { CNIVersion.allCases.filter { $0 >= .v0_3_1 } }

    static func main() { PluginMain.run(VRFPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try VRFConfiguration(invocation.configuration)
        guard let previous = try invocation.configuration.previousResult() else {
            throw CNIError(.invalidConfiguration, "missing prevResult from earlier plugin")
        }
        var container = try ContainerSide(invocation)
        var rollback = Rollback(report: StandardStreams.log)
        let vrf = try configuration.ensureVRF(in: &container, for: invocation, &rollback)
        try VRFMembership(of: invocation.interfaceName, in: vrf).begin(in: &container, for: invocation, &rollback)
        try Interruption.check()
        rollback.commit()
        return previous
    }

    func delete(_ invocation: Invocation) throws {
        guard let name = VRFConfiguration.name(in: invocation.configuration),
            let namespace = invocation.namespaceIfPresent()
        else { return }
        var container = try RouteSocket(in: namespace)
        guard let vrf = try container.link(named: name), vrf.vrf != nil else { return }
        var teardown = Teardown()
        teardown.attempt { try VRFMembership(of: invocation.interfaceName, in: vrf).end(in: &container) }
        teardown.attempt {
            if try !container.links().contains(where: { $0.master == vrf.index }) {
                try container.deleteLink(named: name)
            }
        }
        try teardown.finish()
    }

    func check(_ invocation: Invocation) throws {
        let configuration = try VRFConfiguration(invocation.configuration)
        var container = try ContainerInspection(invocation)
        var differences = Differences()
        if let vrf = try configuration.inspectVRF(in: &container.socket, &differences) {
            let name = invocation.interfaceName
            if let link = try container.socket.link(named: name), link.master == vrf.index {
                try container.inspectAddresses(of: link, &differences)
            } else {
                differences.note("failed to find \(name) associated to vrf \(vrf.name)")
            }
        }
        try differences.finish()
    }

    func status(_ configuration: NetworkConfiguration) throws {
        _ = try VRFConfiguration(configuration)
        var host = try RouteSocket()
        try host.requireCreatable(VRFOptions(table: 1))
    }
}
