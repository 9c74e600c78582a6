package import Addressing
package import LinuxSystem
package import RouteNetlink

extension GatewayAddress {
    /// What became of gateways' addresses whose networks others have now.
    package struct Yielding: Sendable {
        package var deleted: [InterfaceAddress] = []
        /// They stay for the containers that use them, which are routed to one by one; the others have the network.
        package var kept: [InterfaceAddress] = []
    }

    /// Takes gateways' addresses out of the way of networks that are elsewhere now.
    ///
    /// One that no container uses goes. One that is used stays, with a route to each of its containers, and with the
    /// route to its network behind any other. Addresses that others gave the bridge stay as they are; so do all with a
    /// kernel before 5.18, which does not keep whose they are.
    ///
    /// - Parameters:
    ///   - networks: what is elsewhere.
    ///   - origin: what the routes to containers are marked with, which no other route by the interface is.
    ///   - name: of the bridge, or of its interface in a VLAN; where there is none, there is nothing to do.
    ///   - bridgeName: of the bridge whose ports lead to the containers.
    ///   - host: the namespace of the bridge.
    ///   - lock: for deciding.
    /// - Returns: the addresses that are or were in the way.
    /// - Throws: what the kernel refused.
    package static func yield(
        to networks: [CIDR], markingRoutes origin: Route.Origin, on name: String, of bridgeName: String,
        on host: inout RouteSocket, holding lock: borrowing GatewayLock
    ) throws(SystemError) -> Yielding {
        var yielding = Yielding()
        guard let (link, bridge) = try links(name, bridgeName, on: &host) else { return yielding }
        let present = try host.assignedAddresses(of: link.index).filter(\.isOurs)
        let inTheWay = present.filter { assigned in networks.contains { $0.overlaps(assigned.address.network) } }
        for assigned in present where assigned.routeMetric == lastMetric && !inTheWay.contains(assigned) {
            // It is this host's again.
            try host.perform(.change(assigned.address, on: link.index, link.name, routeMetric: 0))
        }
        if !inTheWay.isEmpty {
            let addresses = inTheWay.map(\.address)
            yielding.deleted = try bridge.unused(addresses, among: present.map(\.address), on: &host)
            yielding.kept = addresses.filter { !yielding.deleted.contains($0) }
            try delete(yielding.deleted, from: link, sparingOthers: true, on: &host)
        }
        try bridge.routeToContainers(in: yielding.kept.map(\.network), by: link, markedWith: origin, on: &host)
        for assigned in inTheWay where yielding.kept.contains(assigned.address) && assigned.routeMetric != lastMetric {
            try host.perform(.change(assigned.address, on: link.index, link.name, routeMetric: lastMetric))
        }
        return yielding
    }

    /// Forgets the routes to containers that are gone.
    ///
    /// - Parameters:
    ///   - origin: their mark.
    ///   - name: of the bridge, or of its interface in a VLAN.
    ///   - bridgeName: of the bridge.
    ///   - host: the namespace of the bridge.
    /// - Throws: what the kernel refused.
    package static func deleteObsoleteRoutes(
        markedWith origin: Route.Origin, on name: String, of bridgeName: String, on host: inout RouteSocket
    ) throws(SystemError) {
        guard let (link, bridge) = try links(name, bridgeName, on: &host) else { return }
        let kept = try host.assignedAddresses(of: link.index).filter { $0.isOurs && $0.routeMetric == lastMetric }
        try bridge.routeToContainers(in: kept.map(\.address.network), by: link, markedWith: origin, on: &host)
    }

    private static func links(
        _ name: String, _ bridgeName: String, on host: inout RouteSocket
    ) throws(SystemError) -> (link: Link, bridge: Bridge)? {
        guard let bridge = try host.link(named: bridgeName) else { return nil }
        guard let link = name == bridgeName ? bridge : try host.link(named: name) else { return nil }
        return (link, Bridge(link: bridge))
    }

    /// Behind whatever anybody uses.
    private static let lastMetric: UInt32 = 0x7fff_ffff
}

extension Bridge {
    /// Sees that there are routes to the containers of some networks by an interface, and to no others.
    fileprivate func routeToContainers(
        in networks: [CIDR], by link: Link, markedWith origin: Route.Origin, on host: inout RouteSocket
    ) throws(SystemError) {
        let index = link.index
        let present = try (host.mainRoutes(.v4, by: index) + host.mainRoutes(.v6, by: index)).filter {
            $0.origin == origin
        }
        guard !networks.isEmpty || !present.isEmpty else { return }
        let users = networks.isEmpty ? [] : try users(of: networks, on: &host)
        for route in present where !users.contains(where: { .host($0) == route.destination }) {
            try host.perform(.delete(route))
        }
        for user in users where !present.contains(where: { $0.destination == .host(user) }) {
            let scope = user.family == .v4 ? Route.linkScope : 0
            try host.perform(
                .addOnly(
                    Route(to: .host(user), device: index, table: Route.mainTable, scope: scope, origin: origin)))
        }
    }
}
