package import Addressing
package import RouteNetlink

/// What should be in the kernel for an overlay, its device aside: a plain value that a backend works out.
///
/// What is an overlay's own, and goes when it is not wanted: the neighbours and forwarding entries of its device, and
/// routes of ``Route/Origin/overlay`` by its device. One by another link is its own if the device has a neighbour with the
/// first address of the destination, which says so, or if the overlay has no device, the destination lies in its networks
/// and no other overlay's device has such a neighbour. Everything else is left alone.
package struct WantedState: Hashable, Sendable {
    /// What leads to the other hosts.
    package let peers: [Peer]
    /// What leads to no host alone, such as to a multicast group.
    package let shared: OverlayEntries
    /// The name of the device, or of the underlay where there is none: whose differences are that are no peer's.
    package let name: String
    /// Nil where the overlay needs no device of its own, or where that is not there yet.
    package let device: InterfaceIndex?
    /// Where there is no device that tells: what every host's part of the overlay lies in.
    package let networks: [CIDR]
    package let learning: Learning
    /// Whether routes count as the overlay's own that flannel itself made, which says so by nothing but their form: one
    /// by the device to the first address of its destination, or one that is as wanted in all but its origin.
    package let takesOver: Bool

    /// Another host.
    package struct Peer: Hashable, Sendable {
        /// Its address on the underlay.
        package let endpoint: IPAddress
        package let entries: OverlayEntries

        package init(endpoint: IPAddress, _ entries: OverlayEntries) {
            self.endpoint = endpoint
            self.entries = entries
        }
    }

    /// Which forwarding entries the device may find out by itself.
    package enum Learning: Hashable, Sendable {
        case none
        /// Those that lead to a peer.
        case fromPeers
        case fromAll
    }

    package init(
        peers: [Peer], shared: OverlayEntries = OverlayEntries(), name: String, device: InterfaceIndex?,
        networks: [CIDR] = [], learning: Learning = .none, takesOver: Bool = false
    ) {
        self.peers = peers
        self.shared = shared
        self.name = name
        self.device = device
        self.networks = networks
        self.learning = learning
        self.takesOver = takesOver
    }

    /// The routes that count as the overlay's own though they are not marked.
    func predecessors(among routes: [Route]) -> Set<Route> {
        guard takesOver else { return [] }
        let wanted = Set(self.routes)
        return Set(
            routes.lazy.filter { route in
                guard route.origin == .boot, !route.isOneOfSeveral else { return false }
                if route.device == device && route.isOnLink && route.gateway == route.destination.first { return true }
                var marked = route
                marked.origin = .overlay
                return wanted.contains(marked)
            })
    }

    /// What leads to each of the peers, then what leads to none alone.
    var parts: some Sequence<Part> {
        (0...peers.count).lazy.map { index in
            guard index < peers.count else { return Part(subject: .device(name), entries: shared) }
            return Part(subject: .peer(peers[index].endpoint), entries: peers[index].entries)
        }
    }

    struct Part {
        /// Whose differences they are.
        let subject: OverlayDifference.Subject
        let entries: OverlayEntries
    }

    /// Those to all peers, and to none alone.
    var routes: some Sequence<Route> { parts.lazy.flatMap(\.entries.routes) }
}
