package import Addressing
package import RouteNetlink

/// What leads to a host of an overlay, or to several.
package struct OverlayEntries: Hashable, Sendable {
    package var routes: [Route]
    package var neighbors: [Neighbor]
    package var forwarding: [Neighbor]

    package init(routes: [Route] = [], neighbors: [Neighbor] = [], forwarding: [Neighbor] = []) {
        self.routes = routes
        self.neighbors = neighbors
        self.forwarding = forwarding
    }
}

extension Route.Origin {
    /// Marks routes as an overlay's; `ip route show proto 193` lists them.
    package static let overlay = Route.Origin.suite
}

extension Route {
    /// A route to another host's part of an overlay.
    ///
    /// - Parameters:
    ///   - subnet: the part.
    ///   - gateway: the host's address, on the underlay or in the overlay.
    ///   - device: what the packets leave by.
    ///   - isOnLink: whether the gateway is taken to be on the device's link, whatever other routes say.
    package init(toPart subnet: CIDR, via gateway: IPAddress, device: InterfaceIndex, isOnLink: Bool = false) {
        self.init(
            to: subnet, via: gateway, device: device, table: Route.mainTable, origin: .overlay, isOnLink: isOnLink)
    }
}
