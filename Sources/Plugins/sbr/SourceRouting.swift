import Addressing
import CNI
import RouteNetlink

/// What leads the packets of an interface's addresses by tables of their own, as it is to be.
struct SourceRouting: Equatable {
    /// One for each address.
    private(set) var rules: [PolicyRule] = []
    /// The routes of the tables that they lead to, unless these are the user's; those behind gateways come last.
    private(set) var routes: [RouteNetlink.Route] = []
    /// What the main table has for the interface's own networks, where the user wants that.
    private(set) var hints: [RouteNetlink.Route] = []
    /// The routes of the main table whose place is taken; those behind gateways come first.
    private(set) var obsolete: [RouteNetlink.Route] = []

    /// Numbers below are left to others.
    static let firstTable: UInt32 = 100

    /// - Parameters:
    ///   - configuration: what the user says.
    ///   - result: what was given to the container.
    ///   - interface: in the container.
    ///   - presentRules: the container's.
    ///   - presentRoutes: the container's, of all tables.
    init(
        _ configuration: SBRConfiguration, _ result: CNIResult, on interface: Link, rules presentRules: [PolicyRule],
        routes presentRoutes: [RouteNetlink.Route]
    ) {
        var used = Set(presentRules.map(\.table)).union(presentRoutes.compactMap(\.table))
        let main = presentRoutes.filter { $0.isMovable && $0.device == interface.index }
        for entry in result.addresses(of: interface.name) {
            let source = CIDR.host(entry.address.address)
            let earlier = presentRules.first { rule in
                rule.source == source && rule.isOfSourceRouting(on: interface, among: presentRoutes)
            }
            let table = configuration.table ?? earlier?.table ?? Self.firstFreeTable(besides: &used)
            rules.append(PolicyRule(from: source, to: table, origin: .suite))
            guard configuration.table == nil else { continue }
            let ways = main.filter { $0.isWay(for: entry.address) }
            var own = ways
            if let gateway = configuration.gateway(source.family) ?? entry.gateway ?? result.defaultGateway(entry) {
                own.removeAll { $0.destination.isDefault }
                own.append(RouteNetlink.Route(to: .any(source.family), via: gateway, device: interface.index))
            }
            routes += own.filter { $0.gateway == nil }.map { $0.moved(to: table) }
            routes += own.filter { $0.gateway != nil }.map { $0.moved(to: table) }
            if configuration.addsSourceHints { hints.append(Self.hint(for: entry.address, on: interface, among: main)) }
            obsolete += ways.filter { way in
                !obsolete.contains(way) && !(configuration.addsSourceHints && way.gateway == nil)
            }
        }
        obsolete = obsolete.filter { $0.gateway != nil } + obsolete.filter { $0.gateway == nil }
    }

    private static func firstFreeTable(besides used: inout Set<UInt32>) -> UInt32 {
        let free = (firstTable...UInt32.max).first { !used.contains($0) } ?? firstTable
        used.insert(free)
        return free
    }

    /// The route to an address's network, which has the address as its source; the kernel sees to that itself in IPv6.
    private static func hint(
        for address: InterfaceAddress, on interface: Link, among main: [RouteNetlink.Route]
    ) -> RouteNetlink.Route {
        let isV4 = address.address.family == .v4
        var route =
            main.first { $0.destination == address.network && $0.gateway == nil }
            ?? RouteNetlink.Route(
                to: address.network, device: interface.index, table: RouteNetlink.Route.mainTable,
                scope: isV4 ? RouteNetlink.Route.linkScope : 0, origin: .suite)
        if isV4 { route.preferredSource = address.address }
        return route
    }
}

extension PolicyRule {
    /// Whether it was made for an address of an interface, by this suite or by the reference.
    ///
    /// The reference's say no more of their maker than those of a person do, but lead to a table of the interface's alone.
    func isOfSourceRouting(on interface: Link?, among routes: [RouteNetlink.Route]) -> Bool {
        guard !hasOtherConditions else { return false }
        if origin == .suite { return true }
        let led = routes.filter { $0.table == table }
        return origin == .unspecified && !led.isEmpty && led.allSatisfy { $0.device == interface?.index }
    }
}

extension RouteNetlink.Route {
    /// Whether it is a route of the main table that can be taken from there alone, and is not what the kernel has for every
    /// IPv6 interface.
    fileprivate var isMovable: Bool {
        let isAutomatic =
            destination.family == .v6 && (destination.first.isLinkLocal || destination.first.isMulticast)
        // Of a route by several interfaces IPv4 only deletes the whole.
        return table == Self.mainTable && !isAutomatic && !(isOneOfSeveral && destination.family == .v4)
    }

    /// Whether packets from an address go this way: its gateway or source is in the address's network, or it has neither.
    fileprivate func isWay(for address: InterfaceAddress) -> Bool {
        guard destination.family == address.address.family else { return false }
        let ends = [gateway, preferredSource].compactMap(\.self)
        return ends.isEmpty || ends.contains { address.network.contains($0) || $0.isLinkLocal }
    }

    fileprivate func moved(to table: UInt32) -> RouteNetlink.Route {
        var route = self
        route.table = table
        route.origin = .suite
        return route
    }
}

extension CNIResult {
    /// The gateway of a default route in an address's network, where the address has none of its own.
    fileprivate func defaultGateway(_ entry: Address) -> IPAddress? {
        routes.first { route in
            route.destination == .any(entry.address.address.family)
                && route.gateway.map { entry.address.network.contains($0) } == true
        }?.gateway
    }
}
