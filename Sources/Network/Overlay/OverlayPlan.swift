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

    init(_ overlay: Overlay, on index: InterfaceIndex, _ present: OverlayEntries) {
        let wanted = overlay.peers.map { OverlayEntries(to: $0, of: overlay, on: index) }
        let endpoints = overlay.peers.map(\.endpoint)
        let device = OverlayDifference.Subject.device(overlay.device.name)

        var neighbors = Ledger(present.neighbors) { $0.address }
        var forwarding = Ledger(present.forwarding) { ForwardingKey($0) }
        var routes = Ledger(present.routes.filter { overlay.owns($0, on: index) }) { $0.destination }
        for (endpoint, wanted) in zip(endpoints, wanted) {
            for entry in wanted.neighbors {
                guard let fault = neighbors.fault(of: entry) else { continue }
                note(.peer(endpoint), .neighbor(entry.address), fault)
                added.append(.replaceEntry(entry))
            }
        }
        let group = overlay.groupEntry(on: index).map { (device, $0) }
        let entries = zip(endpoints, wanted).flatMap { endpoint, wanted in
            wanted.forwarding.map { (OverlayDifference.Subject.peer(endpoint), $0) }
        }
        for (subject, entry) in entries + (group.map { [$0] } ?? []) {
            guard let fault = forwarding.fault(of: entry) else { continue }
            note(subject, .forwarding(entry.mac), fault)
            added.append(.replaceEntry(entry))
        }
        for (endpoint, wanted) in zip(endpoints, wanted) {
            for route in wanted.routes {
                guard let fault = routes.fault(of: route) else { continue }
                note(.peer(endpoint), .route(route.destination), fault)
                added.append(fault == .missing ? .add(route) : .replace(route))
            }
        }
        removeSurplus(of: overlay, device, Set(endpoints), routes.rest, neighbors.rest, forwarding.rest)
    }

    private mutating func removeSurplus(
        of overlay: Overlay, _ device: OverlayDifference.Subject, _ endpoints: Set<IPAddress>, _ routes: [Route],
        _ neighbors: [Neighbor], _ forwarding: [Neighbor]
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
        for entry in forwarding where !overlay.tolerates(entry, endpoints) {
            note(endpoints.contains(entry.address) ? .peer(entry.address) : device, .forwarding(entry.mac), .surplus)
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

extension Overlay {
    /// Whether a route of ours by its origin is this overlay's: by its device, or straight to a peer.
    fileprivate func owns(_ route: Route, on index: InterfaceIndex) -> Bool {
        guard route.table == Route.mainTable else { return false }
        return route.device == index || networks.contains { $0.contains(route.destination) }
    }

    /// What sends broadcast to the multicast group; the kernel makes it with the device.
    fileprivate func groupEntry(on index: InterfaceIndex) -> Neighbor? {
        guard case .segment(_, let group?) = device.delivery else { return nil }
        return Neighbor(.forwarding, on: index, group, is: .zero, through: device.underlay)
    }

    /// Whether a forwarding entry that no peer needs may stay: in a segment, where a container has been seen.
    fileprivate func tolerates(_ entry: Neighbor, _ endpoints: Set<IPAddress>) -> Bool {
        switch device.delivery {
        case .routed: false
        case .segment(_, let group): !entry.mac.isZero && (group != nil || endpoints.contains(entry.address))
        }
    }
}
