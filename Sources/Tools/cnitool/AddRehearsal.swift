import CNI
import CNIRuntime
import ContainerLinks
import LinuxSystem
import PluginKit
import RouteNetlink

/// What ADD would change of this host's own interfaces; what it makes for the container goes with the container.
struct AddRehearsal {
    let list: ConfigurationList

    /// A line for each change.
    ///
    /// - Throws: why ADD would refuse.
    func lines() throws -> [String] {
        var host = try RouteSocket()
        var lines: [String] = []
        for plugin in list.plugins where plugin.type == "bridge" {
            let configuration = try plugin.networkConfiguration(in: list)
            let bridge = try configuration.bridgeName()
            guard let uplink = try configuration.uplink(of: bridge) else { continue }
            lines += try uplink.plan(on: &host).changes(ofBridge: bridge).map { "would \($0)" }
        }
        return lines.isEmpty ? ["would leave this host's own interfaces as they are"] : lines
    }
}
