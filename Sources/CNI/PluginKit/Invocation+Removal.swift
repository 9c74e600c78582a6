package import Addressing
package import Attachments
package import CNI
package import LinuxSystem
import RouteNetlink

/// What DEL finds out and removes without being told much.
extension Invocation {
    /// The addresses of the previous result and those that the container's interface has, each once, link-local ones aside.
    ///
    /// - Throws: what keeps it from looking.
    package func knownAddresses() throws(SystemError) -> [IPAddress] {
        // A result that cannot be read is not needed: the kernel knows what there is to remove.
        let previous = try? configuration.previousResult()
        var addresses = Set((previous?.addresses ?? []).map(\.address.address))
        if let namespace = namespaceIfPresent() {
            var container = try RouteSocket(in: namespace)
            if let link = try container.link(named: interfaceName) {
                addresses.formUnion(try container.addresses(of: link.index).map(\.address))
            }
        }
        return addresses.filter { !$0.isLinkLocal }
    }

    /// Deletes the attachment's pair by whichever of its ends can be found; what is gone is no error.
    package func deletePair() throws(SystemError) {
        if let namespace = namespaceIfPresent() {
            var container = try RouteSocket(in: namespace)
            if try container.deleteLink(named: interfaceName) { return }
        }
        var host = try RouteSocket()
        if let link = try host.link(named: attachment.hostInterfaceName), attachment.owns(alias: link.alias) {
            try host.deleteLink(named: link.name)
        }
    }
}

extension NetworkConfiguration {
    /// Deletes the pairs on the host that say they belong to this network, but for those of valid attachments.
    package func deletePairs(keeping valid: Set<Attachment>) throws(SystemError) {
        var host = try RouteSocket()
        for link in try host.links() {
            guard case .veth = link.kind, let alias = link.alias, let owner = Attachment(alias: alias, network: name),
                !valid.contains(owner)
            else { continue }
            try host.deleteLink(named: link.name)
        }
    }
}
