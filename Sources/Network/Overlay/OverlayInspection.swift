package import Addressing

/// How the kernel's state compares with what an overlay needs, as it was found.
package struct OverlayInspection: Sendable {
    /// What is otherwise; empty when all is well.
    package let differences: [OverlayDifference]
    /// How it is for each peer, by its address on the underlay.
    package let peers: [IPAddress: PeerState]

    /// Whether what leads to a peer is there; nil for what this peer needs none of.
    package struct PeerState: Hashable, Sendable {
        package let route: State?
        package let neighbor: State?
        package let forwarding: State?
    }

    /// Of several entries of one kind, the worst.
    package enum State: String, Sendable {
        case ok, missing, wrong
    }

    /// Sorts what was found to be otherwise by peers.
    init(_ wanted: WantedState, _ differences: [OverlayDifference]) {
        self.differences = differences
        let bySubject = Dictionary(grouping: differences, by: \.subject)
        let states = wanted.peers.map { peer in
            let found = bySubject[.peer(peer.endpoint)] ?? []
            let state = PeerState(
                route: State(peer.entries.routes.isEmpty, found.filter { $0.object.isRoute }),
                neighbor: State(peer.entries.neighbors.isEmpty, found.filter { $0.object.isNeighbor }),
                forwarding: State(peer.entries.forwarding.isEmpty, found.filter { $0.object.isForwarding }))
            return (peer.endpoint, state)
        }
        peers = Dictionary(states) { first, _ in first }
    }
}

extension OverlayInspection.State {
    /// Nil where nothing is needed and nothing is there.
    fileprivate init?(_ isNeedless: Bool, _ differences: [OverlayDifference]) {
        if differences.contains(where: { $0.fault != .missing }) {
            self = .wrong
        } else if !differences.isEmpty {
            self = .missing
        } else if !isNeedless {
            self = .ok
        } else {
            return nil
        }
    }
}

extension OverlayDifference.Object {
    fileprivate var isRoute: Bool { if case .route = self { true } else { false } }
    fileprivate var isNeighbor: Bool { if case .neighbor = self { true } else { false } }
    fileprivate var isForwarding: Bool { if case .forwarding = self { true } else { false } }
}
