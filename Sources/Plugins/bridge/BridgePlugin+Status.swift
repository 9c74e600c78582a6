import Addressing
import CNI
import ContainerLinks
import LinuxSystem
import Nftables
import PluginKit
import RouteNetlink

/// STATUS: CNI specification, section 2.
extension BridgePlugin {
    func status(_ configuration: NetworkConfiguration) throws {
        let bridge = try BridgeConfiguration(configuration)
        var host = try RouteSocket()
        try requireBridge(bridge, on: &host)
        try requireRuleset(bridge)
        try Delegate.ipam(of: configuration)?.status()
        try requireConnectivity(bridge, on: &host)
    }

    /// Sees that ADD could use the bridge, or make it.
    private func requireBridge(_ configuration: BridgeConfiguration, on host: inout RouteSocket) throws(CNIError) {
        try require {
            () throws(SystemError) in
            let filtersVLANs = configuration.vlans != nil
            _ = try configuration.uplink?.plan(on: &host)
            guard let link = try host.link(named: configuration.bridge) else {
                return try Bridge.requireCreatable(filteringVLANs: filtersVLANs, on: &host)
            }
            try Bridge.requireUsable(link, filteringVLANs: filtersVLANs, on: &host)
        }
    }

    /// Sees that nf_tables or iptables are there, as far as the configuration needs them.
    private func requireRuleset(_ configuration: BridgeConfiguration) throws(CNIError) {
        try require {
            () throws(SystemError) in
            try configuration.masquerade.requireSupport()
            if configuration.checksSpoofing {
                var nftables = try NftablesSocket()
                try nftables.requireSupport()
            }
        }
    }

    private func require(_ body: () throws(SystemError) -> Void) throws(CNIError) {
        do throws(SystemError) {
            try body()
        } catch {
            throw CNIError(.notAvailable, "\(error)")
        }
    }

    /// Sees that the containers that are there can be reached; ADD would mend what cuts them off.
    private func requireConnectivity(_ configuration: BridgeConfiguration, on host: inout RouteSocket) throws {
        guard let bridge = try host.link(named: configuration.bridge),
            try host.links().contains(where: { $0.master == bridge.index })
        else { return }
        guard bridge.isUp else {
            throw CNIError(.limitedConnectivity, "bridge \"\(bridge.name)\" is down")
        }
        if let difference = try configuration.uplink?.differences(on: &host).first {
            throw CNIError(.limitedConnectivity, "containers on bridge \"\(bridge.name)\" are cut off: \(difference)")
        }
        guard configuration.isGateway, configuration.ipam != nil else { return }
        let gateway = try configuration.gatewayInterface.flatMap { try host.link(named: $0) } ?? bridge
        let addresses = try host.addresses(of: gateway.index).map(\.address).filter { !$0.isLinkLocal }
        for family in Set(addresses.map(\.family)) where try !host.isForwarding(family) {
            throw CNIError(
                .limitedConnectivity, "containers on bridge \"\(bridge.name)\" are cut off: \(family) forwarding is off"
            )
        }
    }
}
