import Addressing
import RouteNetlink

/// What differs between what an overlay needs and what the kernel has, and the changes that mend it.
struct OverlayPlan {
    private(set) var differences: [OverlayDifference] = []
    /// Routes that are as wanted or will be, and that others' routes hide.
    private(set) var hidden: [Hidden] = []

    private var removedRoutes: [Change] = []
    private var addedEntries: [Change] = []
    private var addedRoutes = RouteLedger.Steps()
    private var removedEntries: [Change] = []

    /// A route, and another program's one that the kernel prefers.
    struct Hidden {
        let subject: OverlayDifference.Subject
        let route: Route
        let obstacle: Route
    }

    /// One thing that is told the kernel.
    enum Change: Hashable {
        /// Fails where there is another route to the same destination, which is not ours to replace.
        case add(Route)
        case replace(Route)
        case remove(Route)
        case replaceEntry(Neighbor)
        case removeEntry(Neighbor)
    }

    /// In an order in which no packet meets a route without its neighbour, nor a neighbour without its host: what is
    /// not wanted stops being routed first; then neighbours, forwarding entries and routes are made; last goes what
    /// nothing leads to any more.
    var changes: [[Change]] {
        [removedRoutes, addedEntries, addedRoutes.added, addedRoutes.superseded, removedEntries]
    }

    /// Gives back the memory of what is there as soon as it can: there may be thousands of hosts.
    init(_ wanted: WantedState, _ present: consuming PresentState) {
        var neighbors = Ledger(present.entries.neighbors) { $0.address }
        var forwarding = Ledger(present.entries.forwarding) { ForwardingKey($0) }
        var routes = RouteLedger(wanted, &present)
        for part in wanted.parts {
            for entry in part.entries.neighbors {
                guard let (fault, _) = neighbors.fault(of: entry, at: entry.address) else { continue }
                note(part.subject, .neighbor(entry.address), fault)
                addedEntries.append(.replaceEntry(entry))
            }
        }
        for part in wanted.parts {
            for entry in part.entries.forwarding {
                guard let (fault, wrong) = forwarding.fault(of: entry, at: ForwardingKey(entry)) else { continue }
                note(part.subject, .forwarding(entry.mac), fault)
                addedEntries.append(.replaceEntry(entry))
                // Of many for broadcast, the new one comes beside the others.
                if let wrong, entry.mac.isZero { removedEntries.append(.removeEntry(wrong)) }
            }
        }
        for part in wanted.parts {
            for route in part.entries.routes {
                if let obstacle = routes.obstacle(of: route) {
                    hidden.append(Hidden(subject: part.subject, route: route, obstacle: obstacle))
                }
                guard let fault = routes.fault(of: route) else { continue }
                note(part.subject, .route(route.destination), fault)
            }
        }
        addedRoutes = routes.steps
        removeSurplus(
            of: wanted, .device(wanted.name), routes.rest, neighbors.rest.inOrder(), forwarding.rest.inOrder())
    }

    private mutating func removeSurplus(
        of wanted: WantedState, _ device: OverlayDifference.Subject, _ routes: [Route], _ neighbors: [Neighbor],
        _ forwarding: [Neighbor]
    ) {
        for route in routes {
            note(device, .route(route.destination), .surplus)
            removedRoutes.append(.remove(route))
        }
        // What the kernel found out by itself, multicast addresses for one, is none of ours.
        for entry in neighbors where entry.isPermanent {
            note(device, .neighbor(entry.address), .surplus)
            removedEntries.append(.removeEntry(entry))
        }
        let endpoints = Set(wanted.peers.map(\.endpoint))
        for entry in forwarding {
            let isPeers = endpoints.contains(entry.address)
            guard !wanted.learning.mayHaveMade(entry, leadingToPeer: isPeers) else { continue }
            note(isPeers ? .peer(entry.address) : device, .forwarding(entry.mac), .surplus)
            removedEntries.append(.removeEntry(entry))
        }
    }

    private mutating func note(
        _ subject: OverlayDifference.Subject, _ object: OverlayDifference.Object, _ fault: OverlayDifference.Fault
    ) {
        differences.append(OverlayDifference(subject, object, fault))
    }
}

extension Ledger where Entry == Neighbor {
    /// Ticks off the entry in the place of a wanted one.
    ///
    /// - Returns: what is wrong with it, and the entry itself where there is one; nil when it is as wanted.
    fileprivate mutating func fault(
        of wanted: Neighbor, at key: Key
    ) -> (fault: OverlayDifference.Fault, entry: Neighbor?)? {
        if tick(wanted, at: key) { return nil }
        // Of several in one place, the others are too many.
        guard let entry = tick(at: key) else { return (.missing, nil) }
        return (.wrong("\(entry)"), entry)
    }
}

extension [Neighbor] {
    /// In an order that does not change from run to run.
    fileprivate func inOrder() -> [Neighbor] {
        sorted { ($0.mac.rawValue, $0.address) < ($1.mac.rawValue, $1.address) }
    }
}

/// A forwarding entry's place: one host for a MAC address, but many for the one of all zeros.
private struct ForwardingKey: Hashable {
    let mac: MACAddress
    let address: IPAddress?

    init(_ entry: Neighbor) {
        mac = entry.mac
        address = entry.mac.isZero ? entry.address : nil
    }
}

extension WantedState.Learning {
    /// Whether a forwarding entry may be what the device found out.
    fileprivate func mayHaveMade(_ entry: Neighbor, leadingToPeer isPeers: Bool) -> Bool {
        switch self {
        case .none: false
        case .fromPeers: !entry.mac.isZero && isPeers
        case .fromAll: !entry.mac.isZero
        }
    }
}
