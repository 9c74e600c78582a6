import Addressing
package import LinuxSystem
package import RouteNetlink

/// A pair whose end on the host is on no bridge.
extension VethPair {
    /// Keeps the container from telling the host routes and addresses by router advertisements: RFC 4861, section 4.2.
    ///
    /// Where IPv6 is off there is nothing to switch off.
    package func refuseAdvertisements() {
        try? Sysctl.set("net/ipv6/conf/\(host.name)/accept_ra", to: "0")
    }

    /// Gives the container's end, which is up, its addresses, without the routes that could be made by them.
    ///
    /// - Throws: what the kernel refused.
    package func assign(_ addresses: [RoutedAddress], in container: inout RouteSocket) throws(SystemError) {
        try container.perform(
            addresses.map {
                .add(
                    $0.address, to: self.container.index, self.container.name, detectsDuplicates: false,
                    isNetworkOnLink: false)
            })
    }

    /// Gives the host's end the gateways, has the host forward, and routes the addresses to the container.
    ///
    /// - Throws: `EEXIST` when there is a route to one of the addresses already; `ETIMEDOUT`; what the kernel refused.
    package func serve(_ addresses: [RoutedAddress], on host: inout RouteSocket) throws(SystemError) {
        var gateways: [InterfaceAddress] = []
        for case let gateway? in addresses.map(\.gatewayAddress) where !gateways.contains(gateway) {
            gateways.append(gateway)
        }
        do throws(SystemError) {
            try host.perform(
                gateways.map {
                    .add($0, to: self.host.index, self.host.name, detectsDuplicates: false, isOurs: true)
                } + addresses.map { .addOnly($0.hostRoute(by: self.host.index)) })
        } catch  where error.code == .exists && error.operation == "add route" {
            throw SystemError(
                error.operation, error.subject, error.code,
                explanation: "the host has a route to this address already, which `ip route show` tells")
        }
        for family in Set(gateways.map(\.address.family)) { try host.enableForwarding(family) }
        if gateways.contains(where: { $0.address.family == .v6 }) {
            try host.waitUntilUsable(gateways, on: self.host, milliseconds: Self.addressDeadline) {
                () throws(SystemError) in try RouteMonitor(.ipv6Addresses)
            }
        }
    }

    /// Gives the container its routes: to the gateways, by them to the rest of the networks, and others behind these.
    ///
    /// - Parameters:
    ///   - addresses: what the container has, and the host serves.
    ///   - more: other routes; what is to go by another gateway goes there over the same link.
    ///   - container: a socket in the container's namespace.
    ///   - namespace: the container's namespace.
    /// - Throws: `ETIMEDOUT`; what the kernel refused.
    package func route(
        _ addresses: [RoutedAddress], _ more: [Route], in container: inout RouteSocket,
        of namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        if addresses.contains(where: { $0.gateway.family == .v6 }) {
            // No packet comes from an IPv6 address before that.
            try container.waitUntilUsable(
                addresses.map(\.address), on: self.container, milliseconds: Self.addressDeadline
            ) { () throws(SystemError) in try RouteMonitor(.ipv6Addresses, in: namespace) }
        }
        let gateways = addresses.map(\.gateway)
        var own: [Route] = []
        for route in addresses.flatMap({ $0.containerRoutes(by: self.container.index) })
        where !own.contains(where: { $0.destination == route.destination }) {
            own.append(route)
        }
        try container.perform(
            (own
                + more.map { route in
                    var route = route
                    route.device = self.container.index
                    route.isOnLink = route.gateway.map { !gateways.contains($0) } ?? false
                    return route
                }).map { .add($0) })
    }

    /// Milliseconds that IPv6 addresses may take to be usable; the kernel needs about one.
    private static let addressDeadline = 10_000
}
