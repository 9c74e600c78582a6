import Addressing
import RouteNetlink

/// What differs between what an overlay needs and what the kernel has, and the changes that mend it.
struct OverlayPlan {
    private(set) var differences: [OverlayDifference] = []

    private var removedRoutes: [Change] = []
    private var added: [Change] = []
    private var removedEntries: [Change] = []

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
    var changes: [Change] {
        removedRoutes + added + removedEntries
    }

    init(_ wanted: WantedState, _ present: OverlayEntries) {
        var neighbors = Ledger(present.neighbors) { $0.address }
        var forwarding = Ledger(present.forwarding) { ForwardingKey($0) }
        var routes = Ledger(present.routes.filter(wanted.owns)) { $0.destination }
        let device = OverlayDifference.Subject.device(wanted.name)
        let parts = wanted.peers.map { (subject: .peer($0.endpoint), entries: $0.entries) } + [(device, wanted.shared)]
        for (subject, entries) in parts {
            for entry in entries.neighbors {
                guard let fault = neighbors.fault(of: entry) else { continue }
                note(subject, .neighbor(entry.address), fault)
                added.append(.replaceEntry(entry))
            }
        }
        for (subject, entries) in parts {
            for entry in entries.forwarding {
                guard let fault = forwarding.fault(of: entry) else { continue }
                note(subject, .forwarding(entry.mac), fault)
                added.append(.replaceEntry(entry))
            }
        }
        for (subject, entries) in parts {
            for route in entries.routes {
                guard let fault = routes.fault(of: route) else { continue }
                note(subject, .route(route.destination), fault)
                added.append(fault == .missing ? .add(route) : .replace(route))
            }
        }
        removeSurplus(of: wanted, device, routes.rest, neighbors.rest, forwarding.rest)
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

/// Entries that are there, to be ticked off one by one.
private struct Ledger<Key: Hashable, Entry: Hashable & CustomStringConvertible> {
    private var entries: [Key: [Entry]]
    private let key: (Entry) -> Key

    init(_ entries: [Entry], by key: @escaping (Entry) -> Key) {
        self.entries = Dictionary(grouping: entries, by: key)
        self.key = key
    }

    /// Ticks off the entry in the place of a wanted one.
    ///
    /// - Returns: what is wrong with it; nil when it is as wanted.
    mutating func fault(of wanted: Entry) -> OverlayDifference.Fault? {
        guard var there = entries.removeValue(forKey: key(wanted)), !there.isEmpty else { return .missing }
        // Of several in one place, the others are too many.
        let match = there.firstIndex(of: wanted)
        let entry = there.remove(at: match ?? 0)
        if !there.isEmpty { entries[key(wanted)] = there }
        return match == nil ? .wrong("\(entry)") : nil
    }

    /// What has not been ticked off, in an order that does not change from run to run.
    var rest: [Entry] {
        entries.values.flatMap { $0 }.sorted { "\($0)" < "\($1)" }
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

extension WantedState {
    /// Whether a route of an overlay's by its origin is this one's: by its device, or straight to a peer.
    fileprivate func owns(_ route: Route) -> Bool {
        guard route.table == Route.mainTable else { return false }
        return device != nil && route.device == device || networks.contains { $0.contains(route.destination) }
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
