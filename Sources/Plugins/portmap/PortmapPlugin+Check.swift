import CNI
import LinuxSystem
import Nftables
import PacketRules
import PluginKit

/// CHECK and STATUS: CNI specification, section 2.
extension PortmapPlugin {
    func check(_ invocation: Invocation) throws {
        let configuration = try PortmapConfiguration(invocation.configuration)
        guard let previous = try invocation.configuration.previousResult() else {
            throw CNIError(.invalidConfiguration, "Required prevResult missing")
        }
        let ports = try configuration.ports(
            leadingTo: previous.addresses(ofContainersInterface: invocation.interfaceName))
        guard !ports.isEmpty else { return }
        var differences = Differences()
        try PortRules(attachment: invocation.attachment, configuration: configuration).inspect(ports, &differences)
        var localhost = try LocalhostAccess()
        try localhost.inspect(ports, &differences)
        try differences.finish()
    }

    func status(_ configuration: NetworkConfiguration) throws {
        switch try PortmapConfiguration(configuration).backend {
        case .iptables: try IptablesPortForwarding.requirePrograms()
        case .nftables:
            var nftables = try NftablesSocket()
            try nftables.requireSupport()
            guard try !PortRules.forwarding.isWhole(on: &nftables) else { return }
            throw CNIError(
                .limitedConnectivity,
                "ports of the host do not reach containers: table inet cni_portmap has been changed",
                details: "the next ADD with a port mends it")
        }
    }
}
