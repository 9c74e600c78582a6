package import Addressing
package import CNI
package import RouteNetlink

/// What gateways mean for the addresses and routes that IPAM gave.
extension CNIResult {
    /// Fills in the gateways that IPAM left open: the first address of each network.
    package mutating func addGateways() {
        for index in addresses.indices where addresses[index].gateway == nil {
            addresses[index].gateway = addresses[index].address.network.first.next
        }
    }

    /// Adds a default route by the gateway for each family that has a gateway and no default route yet.
    package mutating func addDefaultRoutes() {
        for family in AddressFamily.allCases {
            let hasDefault = routes.contains { $0.destination == .any(family) }
            guard !hasDefault, let gateway = gateway(family) else { continue }
            routes.append(Route(to: .any(family), via: gateway))
        }
    }

    /// The routes as the kernel takes them.
    package var kernelRoutes: [RouteNetlink.Route] {
        routes.map { route in
            RouteNetlink.Route(
                to: route.destination, via: route.gateway ?? gateway(route.destination.family),
                priority: route.priority, table: route.table, scope: route.scope ?? 0, mtu: route.mtu,
                advertisedMSS: route.advertisedMSS)
        }
    }

    /// The gateways of a family, with the lengths of their networks.
    package func gatewayAddresses(_ family: AddressFamily) -> [InterfaceAddress] {
        addresses.filter { $0.address.address.family == family }.compactMap { entry in
            entry.gateway.flatMap { InterfaceAddress($0, prefixLength: entry.address.prefixLength) }
        }
    }

    /// The first gateway of a family, by which routes without one of their own go.
    private func gateway(_ family: AddressFamily) -> IPAddress? {
        addresses.first { $0.address.address.family == family && $0.gateway != nil }?.gateway
    }
}
