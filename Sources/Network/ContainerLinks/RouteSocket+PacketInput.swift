package import LinuxSystem
package import RouteNetlink

extension RouteSocket {
    /// The name of the interface by which the host sees packets come in that a link delivers.
    ///
    /// That is the link, or the VRF that it is in.
    package mutating func packetInput(of link: Link) throws(SystemError) -> String {
        guard let master = link.master, let vrf = try self.link(at: master), vrf.kind.name == "vrf" else {
            return link.name
        }
        return vrf.name
    }
}
