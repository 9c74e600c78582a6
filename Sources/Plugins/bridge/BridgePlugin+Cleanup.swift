import Addressing
import CNI
import HostNetwork
import LinuxSystem
import Nftables
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
        teardown.attempt {
            let owners = valid.map { attachment in
                Masquerade.Owner(
                    network: configuration.name, containerID: attachment.containerID,
                    interfaceName: attachment.interfaceName)
            }
            var nftables = try NftablesSocket()
            try Self.masquerade.removeAll(ofNetwork: configuration.name, except: Set(owners), on: &nftables)
        }
        teardown.attempt {
            guard let ipam = try BridgeConfiguration.ipam(configuration.reader) else { return }
            try Delegate(ipam, for: configuration).collectGarbage()
        }
        try teardown.finish()
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
            try removeMasquerade(of: addresses, for: invocation, on: &socket)
            nftables = consume socket
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
    /// masquerade: it may have changed since ADD.
    private func removeMasquerade(
        of addresses: [IPAddress], for invocation: Invocation, on nftables: inout NftablesSocket
    ) throws(SystemError) {
        let owner = invocation.masqueradeOwner
        if addresses.isEmpty {
            try Self.masquerade.removeAll(of: owner, on: &nftables)
        } else {
            try Self.masquerade.remove(addresses, of: owner, on: &nftables)
        }
        let network = invocation.configuration.name
        try MasqueradeRemains.removeRules(
            withCommentPrefix: ReferenceName.masqueradeComment(network: network, attachment: invocation.attachment),
            on: &nftables)
        try MasqueradeRemains.removeIptablesChain(
            named: ReferenceName.masqueradeChain(network: network, containerID: invocation.containerID), on: &nftables)
    }
}
