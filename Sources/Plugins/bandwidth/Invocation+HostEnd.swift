import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// The end on the host of the container's veth pair.
extension Invocation {
    /// Finds it, and sees that the previous result tells of it.
    ///
    /// - Throws: code 7 where there is none, in the reference's words.
    func hostEnd(
        in previous: CNIResult, _ container: inout RouteSocket, _ host: inout RouteSocket
    ) throws -> Link {
        // Before 0.3.0 a result tells of no interfaces.
        let tellsOfInterfaces = configuration.version >= .v0_3_0
        if tellsOfInterfaces && previous.interfaces.isEmpty {
            throw CNIError(.invalidConfiguration, "no interfaces provided")
        }
        guard let interface = try container.link(named: interfaceName), let peer = interface.peer else {
            throw CNIError(.invalidConfiguration, "container interface \(interfaceName) has no veth peer")
        }
        guard let link = try host.peer(of: interface) else {
            throw CNIError(.invalidConfiguration, "veth peer with index \(peer.index.rawValue) is not in host ns")
        }
        guard !tellsOfInterfaces || previous.interfaces.contains(where: { $0.name == link.name && $0.isOnHost }) else {
            throw CNIError(
                .invalidConfiguration, "no veth peer of container interface found in host ns",
                details: "\(link.name) is not in prevResult")
        }
        return link
    }

    /// Removes limits from it, and what leads to devices that are about to go; without a namespace it is gone itself.
    func removeLimits(redirectingTo ifbs: [Link], on host: inout RouteSocket) throws {
        guard let namespace = namespaceIfPresent() else { return }
        var container = try RouteSocket(in: namespace)
        guard let interface = try container.link(named: interfaceName), let link = try host.peer(of: interface),
            !link.isOfOther(than: self)
        else { return }
        switch try host.qdisc(at: .root, of: link.index) {
        case let root? where root.handle == Shaper.handle && root.isLimit:
            try host.deleteQdisc(root.handle, at: .root, of: link)
        default: break
        }
        guard !ifbs.isEmpty else { return }
        let redirections = try host.filters(of: link.index, at: Link.ingressHandle).compactMap(\.redirection)
        // An ADD that was killed may not have come to the filter.
        let isOwn = ifbs.contains { redirections.contains($0.index) }
        guard try isOwn || !host.hasFilters(of: link.index, at: Link.ingressHandle) else { return }
        try host.deleteQdisc(Link.ingressHandle, at: .ingress, of: link)
    }
}

extension RouteSocket {
    /// The other end of an interface, if it is in this socket's namespace.
    fileprivate mutating func peer(of interface: Link) throws(SystemError) -> Link? {
        guard let peer = interface.peer, let link = try link(at: peer.index), link.peer?.index == interface.index else {
            return nil
        }
        return link
    }
}

extension Link {
    /// Whether it says that it is another attachment's: a late DEL may come with another container's namespace.
    fileprivate func isOfOther(than invocation: Invocation) -> Bool {
        guard let alias, alias.hasPrefix("cni ") else { return false }
        return !invocation.attachment.owns(alias: alias)
    }
}

extension PresentQdisc {
    fileprivate var isLimit: Bool {
        switch kind {
        case .tokenBucket, .classes: true
        case .ingress, .other: false
        }
    }
}
