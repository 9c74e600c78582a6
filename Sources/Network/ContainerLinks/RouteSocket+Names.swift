package import LinuxSystem
package import RouteNetlink

extension RouteSocket {
    /// Sees that a container has no interface of a name yet, before anything is done for one.
    ///
    /// - Throws: `EEXIST`.
    package mutating func requireFreeName(_ name: String) throws(SystemError) {
        guard try link(named: name) != nil else { return }
        throw SystemError(
            "create interface", name, .exists,
            explanation: "the container has an interface of this name already; DEL removes it")
    }
}
