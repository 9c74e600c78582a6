import Addressing
import Attachments
import CNI
import ContainerLinks
import JSON
import LinuxSystem
import Nftables
import PacketRules
import RouteNetlink

/// DEL and GC, which go on past errors and never need the container's namespace.
extension BridgePlugin {
    func delete(_ invocation: Invocation) throws {
        var teardown = Teardown()
        var kernel: Teardown?
        // IPAM is a process of its own, so the kernel need not wait for it.
        teardown.attempt {
            guard let ipam = try BridgeConfiguration.ipam(invocation.configuration.reader) else { return }
            try Delegate(ipam, for: invocation.configuration).delete { kernel = deleteFromKernel(invocation) }
        }
        teardown.append(kernel ?? deleteFromKernel(invocation))
        try teardown.finish()
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        var teardown = Teardown()
        teardown.attempt {
            var host = try RouteSocket()
            for link in try host.links() where link.kind == "veth" {
                guard let alias = link.alias,
                    let interface = HostInterface(alias: alias, network: configuration.name),
                    !valid.contains(interface.attachment)
                else { continue }
                try host.deleteLink(named: link.name)
            }
        }
        teardown.attempt { try collectRules(configuration, keeping: valid) }
        teardown.attempt { try collectGateways(configuration) }
        teardown.attempt {
            guard let ipam = try BridgeConfiguration.ipam(configuration.reader) else { return }
            try Delegate(ipam, for: configuration).collectGarbage()
        }
        try teardown.finish()
    }

    private func collectRules(
        _ configuration: NetworkConfiguration, keeping valid: Set<Attachment>
    ) throws {
        let network = configuration.name
        var nftables = try NftablesSocket()
        try Self.masquerade.removeAll(ofNetwork: network, except: valid, on: &nftables)
        try Self.spoofCheck.removeAll(ofNetwork: network, except: valid, on: &nftables)
        try RulesetRemains.removeMasquerade(
            ofNetwork: network, except: valid, on: &nftables)
        if usesIptables(configuration) {
            try IptablesMasquerade.removeAll(ofNetwork: network, except: valid)
        }
    }

    /// Ends what a change of the network's addresses left, once the last container of the old ones is gone.
    private func collectGateways(_ configuration: NetworkConfiguration) throws {
        let bridge = try BridgeConfiguration(configuration)
        var host = try RouteSocket()
        for name in [bridge.bridge, bridge.gatewayInterface] {
            guard let name, let link = try host.link(named: name) else { continue }
            try GatewayAddress.deleteObsolete(on: link, of: bridge.bridge, on: &host)
        }
    }

    /// Whether the user asked for iptables; nobody else's child processes are worth it.
    private func usesIptables(_ configuration: NetworkConfiguration) -> Bool {
        (try? configuration.reader.optional("ipMasqBackend")) == BridgeConfiguration.MasqueradeBackend.iptables.rawValue
    }

    /// Deletes what ADD made in the kernel.
    private func deleteFromKernel(_ invocation: Invocation) -> Teardown {
        var teardown = Teardown()
        var addresses: [IPAddress] = []
        teardown.attempt { addresses = try knownAddresses(of: invocation) }
        // Held open to the end: closing it waits for the kernel, and so does deleting the interface, at the same time.
        var nftables: NftablesSocket?
        teardown.attempt {
            var socket = try NftablesSocket()
            try removeRules(of: addresses, for: invocation, on: &socket)
            nftables = consume socket
        }
        if usesIptables(invocation.configuration) {
            teardown.attempt { try IptablesMasquerade(invocation.attachment).remove(addresses) }
        }
        teardown.attempt { try deleteInterface(of: invocation) }
        _ = consume nftables
        return teardown
    }

    /// The addresses of the previous result and those that the container's interface has, each once.
    private func knownAddresses(of invocation: Invocation) throws(SystemError) -> [IPAddress] {
        // A result that cannot be read is not needed: the kernel knows what there is to remove.
        let previous = try? invocation.configuration.previousResult()
        var addresses = Set((previous?.addresses ?? []).map(\.address.address))
        if let namespace = invocation.namespaceIfPresent() {
            var container = try RouteSocket(in: namespace)
            if let link = try container.link(named: invocation.interfaceName) {
                addresses.formUnion(try container.addresses(of: link.index).map(\.address))
            }
        }
        return addresses.filter { !$0.isLinkLocal }
    }

    /// Deletes the pair by whichever of its ends can be found.
    private func deleteInterface(of invocation: Invocation) throws(SystemError) {
        if let namespace = invocation.namespaceIfPresent() {
            var container = try RouteSocket(in: namespace)
            if try container.deleteLink(named: invocation.interfaceName) { return }
        }
        var host = try RouteSocket()
        let interface = invocation.hostInterface
        if let link = try host.link(named: interface.name), interface.owns(alias: link.alias) {
            try host.deleteLink(named: interface.name)
        }
    }

    /// Removes this suite's elements and what the reference left, whether or not the configuration still asks for
    /// masquerade and spoof check: it may have changed since ADD.
    private func removeRules(
        of addresses: [IPAddress], for invocation: Invocation, on nftables: inout NftablesSocket
    ) throws(SystemError) {
        let owner = invocation.attachment
        try Self.spoofCheck.remove(port: invocation.hostInterface.name, of: owner, on: &nftables)
        if addresses.isEmpty {
            try Self.masquerade.removeAll(of: owner, on: &nftables)
        } else {
            try Self.masquerade.remove(addresses, of: owner, on: &nftables)
        }
        try RulesetRemains.removeMasquerade(of: owner, on: &nftables)
        if !usesIptables(invocation.configuration) {
            try RulesetRemains.removeIptablesMasquerade(of: owner, on: &nftables)
        }
        try RulesetRemains.removeSpoofCheck(of: owner, on: &nftables)
    }
}
