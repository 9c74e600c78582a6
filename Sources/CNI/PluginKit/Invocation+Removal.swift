package import Addressing
package import Attachments
package import CNI
package import LinuxSystem
package import RouteNetlink

/// What DEL finds out and removes without being told much.
extension Invocation {
    /// Carries DEL out: goes on past errors, and gives the addresses back once they do not answer any more, or first of all
    /// where their server is told so by the interface.
    ///
    /// - Parameters:
    ///   - silence: takes the interface down, which is quick.
    ///   - delete: removes the interface and what belongs to it.
    /// - Throws: all errors as one.
    package func detach(silencingBy silence: () throws -> Void, _ delete: () -> Teardown) throws {
        var teardown = Teardown()
        // IPAM is a process of its own, so the kernel need not wait for it.
        var ipam: RunningDelegate?
        teardown.attempt { ipam = try Delegate.ipam(of: configuration)?.start(.delete) }
        if configuration.ipamUsesInterface {
            teardown.attempt { try ipam?.proceed() }
            teardown.attempt { try ipam?.finish() }
        } else {
            teardown.attempt(silence)
            teardown.attempt { try ipam?.proceed() }
        }
        teardown.append(delete())
        teardown.attempt { try ipam?.finish() }
        try teardown.finish()
    }

    /// The addresses of the previous result; nil where there is none that can be read.
    package var previousAddresses: [IPAddress]? {
        (try? configuration.previousResult())?.addresses.map(\.address.address)
    }

    /// What the container's other interfaces have; none when it is gone.
    package func addressesOfOtherInterfaces() throws(SystemError) -> [IPAddress] {
        guard let namespace = namespaceIfPresent() else { return [] }
        var container = try RouteSocket(in: namespace)
        let own = try container.link(named: interfaceName)?.index
        return try container.addresses().filter { $0.index != own }.map(\.address.address)
    }

    /// Takes the attachment's pair down, which is quick, so that its addresses answer no more.
    package func silencePair() throws(SystemError) {
        var host = try RouteSocket()
        var down = LinkChange()
        down.isUp = false
        if let link = try ownHostLink(&host) {
            try host.perform(.change(link.index, link.name, to: down))
        } else if let namespace = namespaceIfPresent() {
            var container = try RouteSocket(in: namespace)
            guard let link = try ownContainerLink(&container, &host) else { return }
            try container.perform(.change(link.index, link.name, to: down))
        }
    }

    /// Deletes the attachment's pair by whichever of its ends can be found; what is gone is no error.
    package func deletePair() throws(SystemError) {
        var host = try RouteSocket()
        if let namespace = namespaceIfPresent() {
            var container = try RouteSocket(in: namespace)
            if let link = try ownContainerLink(&container, &host), try container.deleteLink(named: link.name) { return }
        }
        if let link = try ownHostLink(&host) { try host.deleteLink(named: link.name) }
    }

    /// Takes the container's link down, which is quick, so that its addresses answer no more.
    ///
    /// - Parameter kind: what it was made as, nil for any; what has its name and is something else is not ours.
    /// - Throws: what the kernel refused; what is gone is no error.
    package func silenceLink(of kind: String?) throws(SystemError) {
        try withOwnLink(of: kind) { (link, container) throws(SystemError) in
            var down = LinkChange()
            down.isUp = false
            try container.perform(.change(link.index, link.name, to: down))
        }
    }

    /// Deletes the container's link; what is gone is no error.
    package func deleteLink(of kind: String?) throws(SystemError) {
        try withOwnLink(of: kind) { (link, container) throws(SystemError) in
            try container.deleteLink(named: link.name)
        }
    }

    /// Finds the link of this attachment, unless it says that it is another's; one of the reference says nothing.
    ///
    /// A late DEL may come with a path that leads to the namespace of another container by now.
    private func withOwnLink(
        of kind: String?, _ body: (Link, inout RouteSocket) throws(SystemError) -> Void
    ) throws(SystemError) {
        guard let namespace = namespaceIfPresent() else { return }
        var container = try RouteSocket(in: namespace)
        guard let link = try container.link(named: interfaceName), kind == nil || link.kind.name == kind
        else { return }
        if let alias = link.alias, alias.hasPrefix("cni "), !attachment.owns(alias: alias) { return }
        try body(link, &container)
    }

    /// The end on the host, which says whose it is.
    private func ownHostLink(_ host: inout RouteSocket) throws(SystemError) -> Link? {
        let link = try host.link(named: attachment.hostInterfaceName)
        return attachment.owns(alias: link?.alias) ? link : nil
    }

    /// The interface in the container, unless its other end says that it is another attachment's: a late DEL may come with a
    /// path that leads to the namespace of another container by now.
    private func ownContainerLink(
        _ container: inout RouteSocket, _ host: inout RouteSocket
    ) throws(SystemError) -> Link? {
        guard let link = try container.link(named: interfaceName) else { return nil }
        if let peer = link.peer, let other = try host.link(at: peer.index), other.peer?.index == link.index,
            let alias = other.alias, alias.hasPrefix("cni "), !attachment.owns(alias: alias)
        {
            return nil
        }
        return link
    }
}

extension NetworkConfiguration {
    /// Carries GC out: goes on past errors, with the addresses last, or first where their server is told by the interfaces.
    ///
    /// - Parameter delete: removes what is not valid any more.
    /// - Throws: all errors as one.
    package func collect(_ delete: () -> Teardown) throws {
        var teardown = Teardown()
        func collectAddresses() throws { try Delegate.ipam(of: self)?.collectGarbage() }
        if ipamUsesInterface { teardown.attempt(collectAddresses) }
        teardown.append(delete())
        if !ipamUsesInterface { teardown.attempt(collectAddresses) }
        try teardown.finish()
    }

    /// Deletes the pairs on the host that say they belong to this network, but for those of valid attachments.
    package func deletePairs(keeping valid: Set<Attachment>) throws(SystemError) {
        var host = try RouteSocket()
        for link in try ownPairs(&host) where owner(of: link).map(valid.contains) == false {
            try host.deleteLink(named: link.name)
        }
    }

    /// The ends on the host of the pairs that say they belong to this network.
    package func ownPairs(_ host: inout RouteSocket) throws(SystemError) -> [Link] {
        try host.links().filter { link in
            if case .veth = link.kind { owner(of: link) != nil } else { false }
        }
    }

    private func owner(of link: Link) -> Attachment? {
        link.alias.flatMap { Attachment(alias: $0, network: name) }
    }
}
