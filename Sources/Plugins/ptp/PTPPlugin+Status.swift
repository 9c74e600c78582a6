import Addressing
import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// STATUS: CNI specification, section 2.
extension PTPPlugin {
    func status(_ configuration: NetworkConfiguration) throws {
        let ptp = try PTPConfiguration(configuration)
        var host = try RouteSocket()
        try host.requireCreatable(VethPeer(NewLink(name: "cni-status1")))
        try ptp.masquerade.requireSupport()
        try Delegate.ipam(of: configuration)?.status()
        try requireForwarding(for: configuration.ownPairs(&host), &host)
    }

    /// Sees that the containers that are there can be reached; ADD would mend what cuts them off.
    private func requireForwarding(for pairs: [Link], _ host: inout RouteSocket) throws {
        let indices = Set(pairs.map(\.index))
        for family in AddressFamily.allCases where try !host.isForwarding(family) {
            let isRouted = try host.mainRoutes(family).contains { route in
                route.origin == .suite && route.device.map(indices.contains) == true
            }
            guard isRouted else { continue }
            throw CNIError(.limitedConnectivity, "containers are cut off: \(family) forwarding is off")
        }
    }
}
