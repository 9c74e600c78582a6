import Addressing
package import LinuxSystem
package import RouteNetlink

extension RouteSocket {
    /// The interface that the default route leads to: that of the smallest metric in the main table, of IPv4 before IPv6.
    ///
    /// - Returns: nil where there is none.
    /// - Throws: what the kernel answered.
    package mutating func defaultRouteLink() throws(SystemError) -> Link? {
        for family in AddressFamily.allCases {
            let routes = try mainRoutes(family).filter {
                $0.destination.isDefault && $0.kind == .unicast && $0.device != nil
            }
            guard let device = routes.min(by: { $0.metric < $1.metric })?.device else { continue }
            return try link(at: device)
        }
        return nil
    }
}
