package import LinuxSystem
package import RouteNetlink

extension Bridge {
    /// Has a bridge of this suite let packets of a size through; one of others keeps its own, and so do the ports.
    ///
    /// The kernel gives a bridge the smallest of its ports' unless it was told one.
    ///
    /// - Parameters:
    ///   - mtu: bytes.
    ///   - name: of the bridge; where there is none, there is nothing to do.
    ///   - host: the namespace of the bridge.
    /// - Returns: what it let through before; nil when nothing was changed.
    /// - Throws: what the kernel refused.
    package static func ensureMTU(
        _ mtu: UInt32, of name: String, on host: inout RouteSocket
    ) throws(SystemError) -> UInt32? {
        guard let link = try host.link(named: name), Bridge(link: link).isOurs, link.mtu != mtu else { return nil }
        var change = LinkChange()
        change.mtu = mtu
        try host.perform(.change(link.index, name, to: change))
        return link.mtu
    }
}
