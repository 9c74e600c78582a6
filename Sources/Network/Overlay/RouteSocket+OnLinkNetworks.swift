package import Addressing
package import LinuxSystem
package import RouteNetlink

extension RouteSocket {
    /// What an interface reaches without a router, as its routes say: the networks of its addresses, and what an
    /// administrator added.
    ///
    /// - Parameter device: the interface.
    /// - Returns: networks of both families, default routes and those of overlays aside.
    /// - Throws: what the kernel refused to tell.
    package mutating func onLinkNetworks(of device: InterfaceIndex) throws(SystemError) -> [CIDR] {
        try (mainRoutes(.v4, by: device) + mainRoutes(.v6, by: device)).filter {
            $0.gateway == nil && $0.kind == .unicast && $0.origin != .overlay && !$0.destination.isDefault
        }.map(\.destination)
    }
}
