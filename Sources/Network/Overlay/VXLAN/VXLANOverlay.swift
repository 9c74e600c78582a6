package import Addressing
package import LinuxSystem
package import RouteNetlink

/// A network over many hosts by VXLAN: this host's device, and what leads to the others.
package struct VXLANOverlay: Sendable {
    package let device: VXLANDevice
    package let peers: [VXLANPeer]
    /// Where the underlay reaches peers without a router, so that they need no encapsulation; empty to encapsulate all.
    package let directNetworks: [CIDR]
    /// Those that this host serves.
    private let families: Set<AddressFamily>

    package init(device: VXLANDevice, peers: [VXLANPeer], directNetworks: [CIDR] = []) {
        self.device = device
        self.peers = peers
        self.directNetworks = directNetworks
        families = device.families
    }

    /// Makes the kernel's state what it should be, and writes nothing where it is; works on the calling thread's namespace.
    ///
    /// - Parameters:
    ///   - host: a socket in the calling thread's namespace.
    ///   - lock: that of the namespace.
    /// - Returns: what was otherwise, and has been mended.
    /// - Throws: the first thing that the kernel refused, after all the rest has been done.
    package func reconcile(
        on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) throws(SystemError) -> [OverlayDifference] {
        for family in families { try host.enableForwarding(family) }
        var differences: [OverlayDifference] = []
        let link = try device.ensure(on: &host, &differences)
        return try differences + wanted(on: link.index).reconcile(on: &host, holding: lock)
    }

    /// Compares the kernel's state with what it should be, and changes nothing.
    ///
    /// - Parameter host: a socket in the calling thread's namespace.
    /// - Returns: what `reconcile` would mend, and how it is for each peer.
    /// - Throws: `EEXIST` when another kind of link has the device's name; what the kernel refused to tell.
    package func inspect(on host: inout RouteSocket) throws(SystemError) -> OverlayInspection {
        let (link, differences) = try device.inspect(on: &host)
        return try wanted(on: link?.index).inspect(on: &host, with: differences)
    }

    /// Subnets of peers that are not routed, since this host has none of their family.
    package var unservedSubnets: [(peer: VXLANPeer, subnet: CIDR)] {
        guard case .routed = device.delivery else { return [] }
        var unserved: [(peer: VXLANPeer, subnet: CIDR)] = []
        for peer in peers {
            for subnet in peer.subnets where !families.contains(subnet.family) { unserved.append((peer, subnet)) }
        }
        return unserved
    }

    /// Whether a subnet is routed to its peer as it is.
    package func isDirect(_ subnet: CIDR, of peer: VXLANPeer) -> Bool {
        subnet.family == peer.endpoint.family && directNetworks.contains { $0.contains(peer.endpoint) }
    }

    /// What leads to the peers by a device of an index, nil where there is none yet.
    func wanted(on index: InterfaceIndex?) -> WantedState {
        let link = index ?? .noInterface
        switch device.delivery {
        case .routed(_, let isLearning):
            let shared = OverlayEntries(neighbors: claims(on: link))
            return state(index, shared: shared, learning: isLearning ? .fromPeers : .none) {
                entries(to: $0, on: link)
            }
        case .segment(_, nil):
            return state(index, learning: .fromPeers) { peer in
                OverlayEntries(forwarding: [Neighbor(.forwarding, on: link, peer.endpoint, is: .zero)])
            }
        case .segment(_, let group?):
            // The kernel makes it with the device.
            let entry = Neighbor(.forwarding, on: link, group, is: .zero, through: device.underlay)
            return state(index, shared: OverlayEntries(forwarding: [entry]), learning: .fromAll) { _ in
                OverlayEntries()
            }
        }
    }

    private func state(
        _ index: InterfaceIndex?, shared: OverlayEntries = OverlayEntries(), learning: WantedState.Learning = .none,
        _ entries: (VXLANPeer) -> OverlayEntries
    ) -> WantedState {
        WantedState(
            peers: peers.map { WantedState.Peer(endpoint: $0.endpoint, entries($0)) }, shared: shared,
            name: device.name, device: index, learning: learning, takesOver: device.takesOver)
    }

    /// The neighbours that say whose the routes past the device are.
    private func claims(on link: InterfaceIndex) -> [Neighbor] {
        guard !directNetworks.isEmpty else { return [] }
        return peers.flatMap { peer in
            peer.subnets.filter { families.contains($0.family) && isDirect($0, of: peer) }.map {
                Neighbor(.neighbors, on: link, $0.first, is: peer.mac)
            }
        }
    }

    /// Its subnets, each by its device or straight by its address.
    private func entries(to peer: VXLANPeer, on link: InterfaceIndex) -> OverlayEntries {
        var entries = OverlayEntries()
        for subnet in peer.subnets where families.contains(subnet.family) {
            if isDirect(subnet, of: peer) {
                entries.routes.append(Route(toPart: subnet, via: peer.endpoint, device: device.underlay))
            } else {
                entries.routes.append(Route(toPart: subnet, via: subnet.first, device: link, isOnLink: true))
                entries.neighbors.append(Neighbor(.neighbors, on: link, subnet.first, is: peer.mac))
            }
        }
        if !entries.neighbors.isEmpty {
            entries.forwarding = [Neighbor(.forwarding, on: link, peer.endpoint, is: peer.mac)]
        }
        return entries
    }
}
