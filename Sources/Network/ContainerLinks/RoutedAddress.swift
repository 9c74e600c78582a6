package import Addressing
package import RouteNetlink

/// An address of a container that is routed to by a pair of its own: nothing but the gateway is on the container's link.
package struct RoutedAddress: Hashable, Sendable {
    package let address: InterfaceAddress
    /// What the host's end has, the same for all containers of a network.
    package let gateway: IPAddress

    package init(_ address: InterfaceAddress, gateway: IPAddress) {
        self.address = address
        self.gateway = gateway
    }

    /// The gateway as the host's end has it; nil where gateway and address are of two families.
    package var gatewayAddress: InterfaceAddress? {
        gateway.family == address.address.family
            ? InterfaceAddress(gateway, prefixLength: gateway.family.bitWidth) : nil
    }

    /// The container's way to the gateway, and by it to the rest of the network.
    func containerRoutes(by device: InterfaceIndex) -> [Route] {
        let scope = gateway.family == .v4 ? Route.linkScope : 0
        var toGateway = Route(to: .host(gateway), device: device, scope: scope)
        var toNetwork = Route(to: address.network, via: gateway, device: device)
        toGateway.preferredSource = address.address
        toNetwork.preferredSource = address.address
        return address.network == .host(address.address) ? [toGateway] : [toGateway, toNetwork]
    }

    /// The host's way to the container, marked as ours for a routing daemon to find.
    package func hostRoute(by device: InterfaceIndex) -> Route {
        Route(
            to: .host(address.address), device: device, scope: gateway.family == .v4 ? Route.linkScope : 0,
            origin: .suite)
    }
}
