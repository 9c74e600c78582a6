import Addressing
import CNI
import LinuxSystem
import PacketRules
import PluginKit
import RouteNetlink

/// Leads ports of the host to a container that other plugins have attached.
@main
struct PortmapPlugin: CNIPlugin {
    static let name = "portmap"

    static func main() { PluginMain.run(PortmapPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try PortmapConfiguration(invocation.configuration)
        guard let previous = try invocation.configuration.previousResult() else {
            throw CNIError(.invalidConfiguration, "must be called as chained plugin")
        }
        let ports = try configuration.ports(
            leadingTo: previous.addresses(ofContainersInterface: invocation.interfaceName))
        guard !ports.isEmpty else { return previous }

        try PortClaims.requireFree(ports, for: invocation.containerID)
        let rules = PortRules(attachment: invocation.attachment, configuration: configuration)
        var rollback = Rollback(report: StandardStreams.log)
        try rules.add(ports)
        rollback.register("port mappings") { try rules.remove() }
        var localhost = try LocalhostAccess()
        try localhost.enable(for: ports)
        PortConnections.redirect(to: ports)
        try Interruption.check()
        rollback.commit()
        return previous
    }
}

extension CNIResult {
    /// The addresses of the interface that a plugin was called for, in their order; those of no interface count as well.
    func addresses(ofContainersInterface name: String) -> [InterfaceAddress] {
        addresses.filter { entry in
            guard let index = entry.interface, interfaces.indices.contains(index) else { return true }
            return interfaces[index].name == name && !interfaces[index].isOnHost
        }.map(\.address)
    }
}
