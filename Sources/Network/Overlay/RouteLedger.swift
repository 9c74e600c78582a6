import Addressing
import RouteNetlink

/// The routes of the main table, of which an overlay's own are ticked off one by one.
struct RouteLedger {
    private var own: Ledger<CIDR, Route>
    /// Those of others, to the destinations that are wanted.
    private let others: [CIDR: [Route]]
    /// Those of them that the kernel has before own ones of the same metric, and so prefers.
    private let ahead: [CIDR: Route]
    private let ways: Ways
    private(set) var steps = Steps()

    /// What is told the kernel, in this order.
    struct Steps {
        var added: [OverlayPlan.Change] = []
        /// What something that was added takes the place of.
        var superseded: [OverlayPlan.Change] = []
    }

    /// - Parameters:
    ///   - wanted: whose own routes are told from others'.
    ///   - present: what the kernel has, whose routes are taken out of it.
    init(_ wanted: WantedState, _ present: inout PresentState) {
        let isByDevice = { (route: Route) in wanted.device != nil && route.device == wanted.device }
        // Most routes are by the device; only the places of the others are asked for.
        let places = Set(
            present.entries.routes.lazy.filter { $0.origin != .overlay || !isByDevice($0) }.map(\.destination))
        let destinations = Set(wanted.routes.lazy.map(\.destination).filter { places.contains($0) })
        let addresses = Set(places.map(\.first))
        let claimed = Set(
            present.entries.neighbors.lazy.filter { $0.isPermanent && addresses.contains($0.address) }.map(\.address))
        let predecessors = wanted.predecessors(among: present.entries.routes)
        ways = Ways(present.entries.routes.lazy.filter { !isByDevice($0) })
        var others: [CIDR: [Route]] = [:]
        var ahead: [CIDR: Route] = [:]
        var own: [Route] = []
        swap(&own, &present.entries.routes)
        let isOthers = { [present] (route: Route) in
            if predecessors.contains(route) { return false }
            guard route.origin == .overlay else { return true }
            return !isByDevice(route)
                && (present.isOtherOverlays(route)
                    || !destinations.contains(route.destination) && !claimed.contains(route.destination.first)
                        && !wanted.networks.contains { $0.contains(route.destination) })
        }
        own.removeAll { route in
            guard route.table == Route.mainTable else { return true }
            let destination = route.destination
            guard isOthers(route) else {
                if let first = others[destination]?.first(where: { $0.metric == route.metric }) {
                    ahead[destination] = first
                }
                return false
            }
            if destinations.contains(destination) { others[destination, default: []].append(route) }
            return true
        }
        self.own = Ledger(own) { $0.destination }
        self.others = others
        self.ahead = ahead
    }

    /// Ticks off the route in the place of a wanted one, and notes what makes it as wanted.
    ///
    /// - Returns: what is wrong with it; nil when it is as wanted.
    mutating func fault(of wanted: Route) -> OverlayDifference.Fault? {
        let destination = wanted.destination
        if own.tick(wanted, at: destination) { return nil }
        // Of several to one destination, the others are too many.
        let inPlace = own.tick(at: destination) { $0.metric == wanted.metric }
        guard let route = inPlace ?? own.tick(at: destination) else {
            add(wanted)
            return .missing
        }
        let isShared = others[destination]?.contains { $0.metric == wanted.metric } == true
        if inPlace != nil && !isShared {
            add(wanted, by: .replace(wanted))
        } else {
            // To replace it would be to replace the first with this metric, which may be another's.
            if inPlace != nil { steps.added.append(.remove(route)) } else { steps.superseded.append(.remove(route)) }
            add(wanted)
        }
        return .wrong("\(route)")
    }

    /// Another's route that the kernel prefers to a wanted one.
    func obstacle(of wanted: Route) -> Route? {
        if let preferred = others[wanted.destination]?.first(where: { $0.metric < wanted.metric }) { return preferred }
        return ahead[wanted.destination].flatMap { $0.metric == wanted.metric ? $0 : nil }
    }

    /// What has not been ticked off.
    var rest: [Route] {
        own.rest.sorted { ($0.destination.first, $0.metric) < ($1.destination.first, $1.metric) }
    }

    private mutating func add(_ route: Route, by change: OverlayPlan.Change? = nil) {
        let change = change ?? .add(route)
        guard route.isOnLink, let gateway = route.gateway, gateway.family == .v6, ways.lead(to: gateway) else {
            steps.added.append(change)
            return
        }
        // Where other routes lead to an IPv6 gateway, the kernel does not take it to be on the link. It asks only when a
        // route is added, so a closer route is there as long as that takes.
        let footing = Route(
            to: .host(gateway), device: route.device, priority: 1, table: Route.mainTable, origin: .overlay)
        steps.added += [.add(footing), change, .remove(footing)]
    }
}

/// Where IPv6 routes of others lead, default routes aside.
private struct Ways {
    private var destinations: [Int: Set<CIDR>] = [:]

    init(_ routes: some Sequence<Route>) {
        for route in routes where route.destination.family == .v6 && !route.destination.isDefault {
            destinations[route.destination.prefixLength, default: []].insert(route.destination)
        }
    }

    func lead(to address: IPAddress) -> Bool {
        destinations.contains { length, networks in
            CIDR(containing: address, prefixLength: length).map(networks.contains) == true
        }
    }
}
