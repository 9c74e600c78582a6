package import LinuxSystem
import Netlink

extension RouteSocket {
    /// Creates a link in another namespace with one request, under the name that it is to have there.
    ///
    /// Kernels before 6.15 look for another link of that name in this namespace, unless the new one is asked for by a
    /// number; so it is.
    ///
    /// - Parameters:
    ///   - link: what is made; its parent is in this namespace.
    ///   - options: of its kind.
    ///   - namespace: where it is made.
    ///   - other: a socket in that namespace.
    /// - Returns: the link, as it is there.
    /// - Throws: `EEXIST` when the name is taken there; what the kernel refused.
    package mutating func create(
        _ link: NewLink, _ options: some LinkOptions, in namespace: borrowing NetworkNamespace,
        by other: inout RouteSocket
    ) throws(SystemError) -> Link {
        var link = link
        let index = try unusedIndex(with: &other)
        link.index = index
        try perform(.create(link, options, in: namespace))
        return try other.linkJustMade(link.name)
    }

    /// The link of a name that this process has just made here.
    ///
    /// - Throws: what keeps it from being seen; it is deleted then.
    package mutating func linkJustMade(_ name: String) throws(SystemError) -> Link {
        do throws(SystemError) {
            if let link = try link(named: name) { return link }
            throw SystemError("find link", name, .noSuchDevice)
        } catch {
            _ = try? deleteLink(named: name)
            throw error
        }
    }

    /// A number that no link has in either namespace.
    private mutating func unusedIndex(with other: inout RouteSocket) throws(SystemError) -> InterfaceIndex {
        while true {
            let index = InterfaceIndex.unlikely
            if try link(at: index) == nil, try other.link(at: index) == nil { return index }
        }
    }
}
