import Addressing
package import CNI
import ContainerLinks
package import LinuxSystem
package import RouteNetlink

/// The container's side of an attachment in the making: its namespace, and a socket in it.
package struct ContainerSide: ~Copyable {
    package let namespace: NetworkNamespace
    package var socket: RouteSocket

    /// - Throws: code 8 when there is no namespace at the path.
    package init(_ invocation: Invocation) throws {
        let namespace = try invocation.openNamespace()
        let socket = try RouteSocket(in: namespace)
        self.namespace = namespace
        self.socket = socket
    }

    /// Gives an interface, which is up, the addresses and routes of a result.
    ///
    /// - Throws: the first thing that the kernel refused.
    package mutating func configure(
        _ link: Link, for result: CNIResult, detectsDuplicates: Bool
    ) throws(SystemError) {
        guard !result.addresses.isEmpty else { return }
        let interface = ContainerInterface(link)
        if result.hasAddress(of: .v6) {
            try interface.enableIPv6(detectsDuplicates: detectsDuplicates, in: namespace)
        }
        try interface.configure(
            addresses: result.addresses.map(\.address), routes: result.kernelRoutes,
            detectsDuplicates: detectsDuplicates, in: &socket)
    }

    /// Makes a link whose parent, if it has one, is in the container as well.
    ///
    /// - Throws: `EEXIST` when the name is taken; what the kernel refused.
    package mutating func make(
        _ link: NewLink, _ options: some LinkOptions, for invocation: Invocation, _ rollback: inout Rollback
    ) throws(SystemError) -> Link {
        try socket.perform(.create(link, options))
        let made = try socket.linkJustMade(link.name)
        rollback.registerDeletion(of: made, for: invocation)
        return made
    }

    /// Brings an interface up with the addresses and routes of a result, and tells the neighbours who has the addresses.
    ///
    /// - Parameters:
    ///   - link: the interface, which is down.
    ///   - result: what it gets; nothing where there are no addresses.
    ///   - alias: what `ip link` shows beside it.
    /// - Throws: the first thing that the kernel refused; `EADDRINUSE` with an address that another interface has.
    package mutating func bringUp(_ link: Link, for result: CNIResult, alias: String) throws(SystemError) {
        let interface = ContainerInterface(link)
        if result.hasAddress(of: .v6) { try interface.enableIPv6(detectsDuplicates: false, in: namespace) }
        try interface.bringUp(
            addresses: result.addresses.map(\.address), routes: result.kernelRoutes, alias: alias, in: &socket)
        guard result.hasAddress(of: .v6) else { return }
        try interface.waitUntilUsable(
            result.addresses.map(\.address), milliseconds: Self.addressDeadline, in: &socket, of: namespace)
    }

    /// Tells the neighbours who has the addresses of a result, once these can be used.
    ///
    /// - Throws: `EADDRINUSE` with the address that another interface has; `ETIMEDOUT`; what the kernel refused.
    package mutating func announce(_ link: Link, with result: CNIResult) throws(SystemError) {
        guard !result.addresses.isEmpty else { return }
        let interface = ContainerInterface(link)
        if result.hasAddress(of: .v6) {
            try interface.waitUntilUsable(
                result.addresses.map(\.address), milliseconds: Self.addressDeadline, in: &socket, of: namespace)
        }
        try interface.announce(in: &socket)
    }

    /// Milliseconds that addresses may take to be found unique; the kernel needs up to two seconds.
    private static let addressDeadline = 10_000
}

extension Rollback {
    /// Undoes the making of a container's link.
    package mutating func registerDeletion(of link: Link, for invocation: Invocation) {
        let kind = link.kind.name
        register("delete \(link.name)") { try invocation.deleteLink(of: kind) }
    }
}

extension CNIResult.Interface {
    /// A link as a result tells of it.
    ///
    /// - Parameters:
    ///   - link: what it tells of.
    ///   - sandbox: `CNI_NETNS` where it is in the container; nil on the host.
    package init(_ link: Link, sandbox: String? = nil) {
        self.init(name: link.name, mac: link.mac.map { "\($0)" }, sandbox: sandbox)
    }
}
