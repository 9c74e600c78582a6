import Addressing
import LinuxSystem
import RouteNetlink

/// The interface that a lease is for, and how it is found again: by its number and address, in a namespace of its own number.
struct LeasedInterface: Hashable {
    /// With what goes before it on this host.
    let namespacePath: String
    let namespaceInode: UInt64
    let index: InterfaceIndex
    let name: String
    let mac: MACAddress

    /// Whether servers' answers to its address would not find it, as several interfaces share that.
    static func needsBroadcast(_ kind: Link.Kind) -> Bool { kind.name == "ipvlan" }

    /// Whether both are one interface, by whatever path.
    func isSame(as other: LeasedInterface) -> Bool {
        namespaceInode == other.namespaceInode && index == other.index && mac == other.mac
    }

    /// Opens the namespace, if it is still the same one.
    ///
    /// - Throws: `ENOENT` when it is gone, or the path leads to another one.
    private func openNamespace() throws(SystemError) -> NetworkNamespace {
        let namespace = try NetworkNamespace(path: namespacePath)
        guard try namespace.identity() == namespaceInode else {
            throw SystemError("open network namespace", namespacePath, .noSuchFile, explanation: "it is another one")
        }
        return namespace
    }

    /// Does something in the namespace with the link.
    ///
    /// - Throws: `ENODEV` when there is no such link any more; what the body throws.
    private func withLink<Value: ~Copyable>(
        _ body: (borrowing NetworkNamespace, inout RouteSocket, Link) throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let namespace = try openNamespace()
        var socket = try RouteSocket(in: namespace)
        guard let link = try socket.link(at: index), link.mac == mac else {
            throw SystemError("find link", name, .noSuchDevice)
        }
        return try body(namespace, &socket, link)
    }

    /// Whether it is still there; true where that cannot be found out.
    var isPresent: Bool {
        do throws(SystemError) {
            try withLink { (_, _, _) throws(SystemError) in }
            return true
        } catch {
            return ![.noSuchFile, .notDirectory, .noSuchDevice].contains(error.code)
                // What is left of a mount point.
                && !(error.code == .invalidArgument && error.operation == "open network namespace")
        }
    }

    /// Opens a socket for messages on it.
    func openPort() throws(SystemError) -> DHCPPort {
        try withLink { (namespace, _, _) throws(SystemError) in try DHCPPort(on: self, in: namespace) }
    }

    /// Takes it down, since its address may be another's from now on.
    func takeDown() throws(SystemError) {
        try withLink { (_, socket, link) throws(SystemError) in
            var down = LinkChange()
            down.isUp = false
            try socket.perform(.change(link.index, link.name, to: down))
        }
    }

    /// Lets its packets have no more bytes than a server says; nobody is asked for more than it has.
    func limitMTU(to mtu: UInt16) throws(SystemError) {
        try withLink { (_, socket, link) throws(SystemError) in
            guard link.mtu > mtu else { return }
            var limited = LinkChange()
            limited.mtu = UInt32(mtu)
            try socket.perform(.change(link.index, link.name, to: limited))
        }
    }
}

extension LeasedInterface {
    /// Finds an interface and brings it up if it is down.
    ///
    /// - Parameters:
    ///   - name: in its namespace.
    ///   - path: of the namespace.
    /// - Returns: the interface, and what kind of link it is.
    /// - Throws: when the namespace or the interface is missing, or it is none of Ethernet.
    static func prepare(_ name: String, inNamespace path: String) throws(SystemError) -> (LeasedInterface, Link.Kind) {
        let namespace = try NetworkNamespace(path: path)
        var socket = try RouteSocket(in: namespace)
        guard let link = try socket.link(named: name) else { throw SystemError("find link", name, .noSuchDevice) }
        guard let mac = link.mac, !link.isLoopback else {
            throw SystemError("use link", name, .notSupported, explanation: "it has no Ethernet address")
        }
        if !link.isUp {
            var up = LinkChange()
            up.isUp = true
            try socket.perform(.change(link.index, link.name, to: up))
        }
        let interface = LeasedInterface(
            namespacePath: path, namespaceInode: try namespace.identity(), index: link.index, name: name, mac: mac)
        return (interface, link.kind)
    }
}
