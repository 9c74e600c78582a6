import Addressing
import Attachments
import CNI
import ContainerLinks
import LinuxSystem
import Nftables
import PacketRules
import PluginKit
import RouteNetlink

/// DEL and GC, which go on past errors and never need the container's namespace.
extension BridgePlugin {
    func delete(_ invocation: Invocation) throws {
        try invocation.detach(silencingBy: invocation.silencePair) { deleteFromKernel(invocation) }
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        try configuration.collect {
            var teardown = Teardown()
            teardown.attempt { try configuration.deletePairs(keeping: valid) }
            teardown.attempt {
                var nftables = try NftablesSocket()
                try ContainerMasquerade.collect(
                    from: BridgeTables.masquerade, configuration, keeping: valid, on: &nftables)
                try BridgeTables.spoofCheck.removeAll(ofNetwork: configuration.name, except: valid, on: &nftables)
            }
            teardown.attempt { try collectGateways(configuration) }
            // Of a network that asked for one before, too.
            teardown.attempt { try releaseUplink(configuration) }
            return teardown
        }
    }

    /// Gives the host's interface back, once no container is on the bridge.
    private func releaseUplink(_ configuration: NetworkConfiguration) throws {
        var host = try RouteSocket()
        try Uplink.release(ofBridge: configuration.bridgeName(), on: &host)
    }

    /// Ends what a change of the network's addresses left, once the last container of the old ones is gone.
    private func collectGateways(_ configuration: NetworkConfiguration) throws {
        let bridge = try BridgeConfiguration(configuration)
        var host = try RouteSocket()
        let lock = try GatewayLock()
        for name in [bridge.bridge, bridge.gatewayInterface] {
            guard let name, let link = try host.link(named: name) else { continue }
            try GatewayAddress.deleteObsolete(on: link, of: bridge.bridge, on: &host, holding: lock)
        }
    }

    /// Deletes what ADD made in the kernel.
    private func deleteFromKernel(_ invocation: Invocation) -> Teardown {
        var teardown = Teardown()
        // Held open to the end: closing it waits for the kernel, and so does deleting the interface, at the same time.
        var nftables: NftablesSocket?
        teardown.attempt {
            var socket = try NftablesSocket()
            try removeRules(of: invocation, on: &socket)
            nftables = consume socket
        }
        if ContainerMasquerade.usesIptables(invocation.configuration) {
            teardown.attempt { try ContainerMasquerade.removeByIptables(of: invocation) }
        }
        teardown.attempt { try invocation.deletePair() }
        if invocation.configuration.asksForUplink {
            teardown.attempt { try releaseUplink(invocation.configuration) }
        }
        _ = consume nftables
        return teardown
    }

    /// Removes this suite's elements and what the reference left, whether or not the configuration still asks for
    /// masquerade and spoof check: it may have changed since ADD.
    private func removeRules(
        of invocation: Invocation, on nftables: inout NftablesSocket
    ) throws(SystemError) {
        let owner = invocation.attachment
        try BridgeTables.spoofCheck.remove(port: owner.hostInterfaceName, of: owner, on: &nftables)
        try ContainerMasquerade.remove(
            from: BridgeTables.masquerade, of: owner, on: &nftables,
            sparingIptables: ContainerMasquerade.usesIptables(invocation.configuration))
        try RulesetRemains.removeSpoofCheck(of: owner, on: &nftables)
    }
}
