import Addressing
import CNI
import HostNetwork
import LinuxSystem
import RouteNetlink

/// DEL and GC, which go on past errors and never need the container's namespace.
extension BridgePlugin {
    func delete(_ invocation: Invocation) throws {
        var teardown = Teardown()
        var addresses: [IPAddress] = []
        // What cannot be read is not needed: the kernel and the lease store know what there is to remove.
        let previous = try? invocation.configuration.previousResult()
        addresses += (previous?.addresses ?? []).map(\.address.address)
        teardown.attempt { addresses += try deleteInterface(of: invocation) }
        if let ipam = try BridgeConfiguration.ipam(invocation.configuration.reader) {
            teardown.attempt { try Delegate(ipam, for: invocation.configuration).delete() }
        }
        teardown.attempt { try removeMasquerade(of: Set(addresses), for: invocation) }
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
            try Self.masquerade.removeAll(ofNetwork: configuration.name, except: Set(owners))
        }
        if let ipam = try BridgeConfiguration.ipam(configuration.reader) {
            teardown.attempt { try Delegate(ipam, for: configuration).collectGarbage() }
        }
        try teardown.finish()
    }

    /// Deletes the pair by whichever of its ends can be found.
    ///
    /// - Returns: the addresses that the container's end had.
    private func deleteInterface(of invocation: Invocation) throws(SystemError) -> [IPAddress] {
        if let namespace = invocation.namespaceIfPresent() {
            var container = try RouteSocket(in: namespace)
            if let link = try container.link(named: invocation.interfaceName) {
                let addresses = try container.addresses(of: link.index)
                try container.deleteLink(named: link.name)
                return addresses.map(\.address).filter { !$0.isLinkLocal }
            }
        }
        var host = try RouteSocket()
        let interface = invocation.hostInterface
        if let link = try host.link(named: interface.name), interface.owns(alias: link.alias) {
            try host.deleteLink(named: interface.name)
        }
        return []
    }

    /// Removes this suite's elements and what the reference left, whether or not the configuration still asks for
    /// masquerade: it may have changed since ADD.
    private func removeMasquerade(of addresses: Set<IPAddress>, for invocation: Invocation) throws(SystemError) {
        let owner = invocation.masqueradeOwner
        if addresses.isEmpty {
            try Self.masquerade.removeAll(of: owner)
        } else {
            try Self.masquerade.remove(Array(addresses), of: owner)
        }
        let network = invocation.configuration.name
        try MasqueradeRemains.removeRules(
            withCommentPrefix: ReferenceName.masqueradeComment(network: network, attachment: invocation.attachment))
        try MasqueradeRemains.removeIptablesChain(
            named: ReferenceName.masqueradeChain(network: network, containerID: invocation.containerID))
    }
}
