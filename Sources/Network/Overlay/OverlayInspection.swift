public import Addressing
import RouteNetlink

/// How the kernel's state compares with what an overlay needs, as it was found.
public struct OverlayInspection: Sendable {
    /// What is otherwise; empty when all is well.
    public let differences: [OverlayDifference]
    /// How it is for each peer, by its address on the underlay.
    public let peers: [IPAddress: PeerState]

    /// Whether what leads to a peer is there; nil for what this peer needs none of.
    public struct PeerState: Hashable, Sendable {
        public let route: State?
        public let neighbor: State?
        public let forwarding: State?
    }

    /// Of several entries of one kind, the worst.
    public enum State: String, Sendable {
        case ok, missing, wrong
    }

    /// Sorts what was found by peers.
    ///
    /// - Parameters:
    ///   - overlay: what should be.
    ///   - index: of its device, `noInterface` where there is no device.
    ///   - differences: what is otherwise.
    init(_ overlay: Overlay, on index: InterfaceIndex, _ differences: [OverlayDifference]) {
        self.differences = differences
        let bySubject = Dictionary(grouping: differences, by: \.subject)
        let states = overlay.peers.map { peer in
            let needed = OverlayEntries(to: peer, of: overlay, on: index)
            let found = bySubject[.peer(peer.endpoint)] ?? []
            let state = PeerState(
                route: State(needed.routes.isEmpty, found.filter { $0.object.isRoute }),
                neighbor: State(needed.neighbors.isEmpty, found.filter { $0.object.isNeighbor }),
                forwarding: State(needed.forwarding.isEmpty, found.filter { $0.object.isForwarding }))
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
