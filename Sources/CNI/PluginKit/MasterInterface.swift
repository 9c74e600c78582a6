import Addressing
package import CNI
import ContainerLinks
package import JSON
package import LinuxSystem
package import RouteNetlink

/// The interface that a container's is made on: `master` and `linkInContainer`.
package struct MasterInterface: Sendable {
    /// Nil: the interface that the default route leads to.
    package var name: String?
    /// Whether it is in the container's namespace as well, and not on the host.
    package let isInContainer: Bool
    /// `mtu` of the container's interface in bytes; 0 for that of the master.
    private let mtu: Int

    package init(_ reader: JSONReader) throws {
        let name: String? = try reader.optional("master")
        self.name = name.flatMap { $0.isEmpty ? nil : $0 }
        isInContainer = try reader.optional("linkInContainer") ?? false
        mtu = try reader.optional("mtu") ?? 0
    }

    /// Makes the container's interface on it, still down.
    ///
    /// - Parameters:
    ///   - link: what is made; its parent and MTU are filled in.
    ///   - options: of its kind.
    ///   - host: the host's namespace.
    ///   - container: where it is made.
    ///   - invocation: whose it is.
    ///   - rollback: deletes it.
    /// - Returns: the interface.
    /// - Throws: code 7 when there is no such master, or its MTU is too small; what the kernel refused.
    package func make(
        _ link: NewLink, _ options: some LinkOptions, on host: inout RouteSocket, in container: inout ContainerSide,
        for invocation: Invocation, _ rollback: inout Rollback
    ) throws -> Link {
        let master = isInContainer ? try find(by: &container.socket) : try find(by: &host)
        guard 0...Int(master.mtu) ~= mtu else {
            throw CNIError(.invalidConfiguration, "invalid MTU \(mtu), must be [0, master MTU(\(master.mtu))]")
        }
        var link = link
        link.parent = master.index
        link.mtu = mtu == 0 ? nil : UInt32(exactly: mtu)
        guard !isInContainer else { return try container.make(link, options, for: invocation, &rollback) }
        let made = try host.create(link, options, in: container.namespace, by: &container.socket)
        rollback.registerDeletion(of: made, for: invocation)
        return made
    }

    /// Sees, for STATUS, that it is there and up, as far as it is on the host.
    ///
    /// - Throws: code 50 when ADD would not find it; code 51 when it is down.
    package func requireUsable(on host: inout RouteSocket) throws {
        guard !isInContainer else { return }
        let master = try find(by: &host)
        guard master.isUp else { throw CNIError(.limitedConnectivity, "the master, \(master.name), is down") }
    }

    /// Compares with it, where the configuration names it, what the container's interface is on.
    package func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) throws {
        guard let name else { return }
        let master = isInContainer ? try container.link(named: name) : try host.link(named: name)
        // In another namespace there is one of the same number, as often as not.
        guard let master, link.parent?.index == master.index, (link.parent?.namespace == nil) == isInContainer else {
            return differences.note("Interface \(link.name) is not on master \(name)")
        }
        differences.compareMTU(of: link, mtu == 0 ? nil : UInt32(exactly: mtu))
    }

    private func find(by socket: inout RouteSocket) throws -> Link {
        let place = isInContainer ? "in the container" : "on the host"
        if let name {
            if let link = try socket.link(named: name) { return link }
            throw CNIError(.invalidConfiguration, "failed to lookup master \"\(name)\": Link not found \(place)")
        }
        if let link = try socket.defaultRouteLink() { return link }
        throw CNIError(
            .invalidConfiguration, "no default route interface found \(place)",
            details: "\"master\" in the configuration names the interface to use")
    }
}
