package import LinuxSystem
package import RouteNetlink

/// A device of the host's that a container has for a time, and whose alias is the name that it has on the host.
///
/// The alias is how the reference remembers it as well. It stays when the container's namespace ends without DEL: the kernel
/// then gives a device of hardware back to the first namespace, under the name that it had in the container.
package struct BorrowedDevice: Sendable {
    /// In the container.
    package let link: Link
    /// On the host.
    package let hostName: String

    /// Takes a link for one that was borrowed.
    ///
    /// - Returns: nil when its alias is no name of an interface.
    package init?(_ link: Link) {
        guard let alias = link.alias, InterfaceName.fault(of: alias) == nil else { return nil }
        self.link = link
        hostName = alias
    }

    /// Moves a link to a container, still down.
    ///
    /// - Parameters:
    ///   - link: what is moved.
    ///   - hostName: what it is called when it comes back.
    ///   - name: what it is called in the container.
    ///   - host: the namespace that it is in.
    ///   - container: a socket in the namespace that it comes to.
    ///   - namespace: that namespace.
    /// - Returns: the link in the container.
    /// - Throws: `EEXIST` when the container has a link of the name; what the kernel refused. The link is on the host then.
    package static func lend(
        _ link: Link, calledHere hostName: String, as name: String, from host: inout RouteSocket,
        to container: inout RouteSocket, of namespace: borrowing NetworkNamespace
    ) throws(SystemError) -> Link {
        try container.requireFreeName(name)
        try host.perform(.move(link, into: namespace, as: name, alias: hostName))
        do throws(SystemError) {
            if let moved = try container.link(named: name) { return moved }
            throw SystemError("find link", name, .noSuchDevice)
        } catch {
            var lent = link
            lent.name = name
            try? move(lent, here: hostName, by: &container)
            throw error
        }
    }

    /// Moves it back to the calling thread's namespace, still down, under the name that it had there.
    ///
    /// - Throws: `EEXIST` when the host has another link of that name by now, and what the kernel refused; it stays in the
    ///   container as it is then.
    package func giveBack(from container: inout RouteSocket, to host: inout RouteSocket) throws(SystemError) {
        guard try host.link(named: hostName) == nil else {
            throw SystemError(
                "move link", link.name, .exists,
                explanation: "the host has another interface of its name, \(hostName); rename or delete that one")
        }
        try Self.move(link, here: hostName, by: &container)
    }

    /// Moves a link to the calling thread's namespace.
    private static func move(
        _ link: Link, here name: String, by container: inout RouteSocket
    ) throws(SystemError) {
        let here = try NetworkNamespace.current()
        try container.perform(.move(link, into: here, as: name, alias: ""))
        // Open until the request has been sent.
        _ = consume here
    }

    /// Gives a device of the host its name back, which came back by itself when the container's namespace ended.
    ///
    /// - Returns: the device; nil when there is none that was called so, or another link has the name.
    package static func restore(_ hostName: String, on host: inout RouteSocket) throws(SystemError) -> Link? {
        guard try host.link(named: hostName) == nil,
            var link = try host.links().first(where: { BorrowedDevice($0)?.hostName == hostName })
        else { return nil }
        var change = LinkChange()
        change.isUp = false
        change.name = hostName
        change.alias = ""
        try host.perform(.change(link.index, link.name, to: change))
        link.name = hostName
        link.alias = nil
        return link
    }
}
