package import Addressing
package import LinuxSystem
package import RouteNetlink

/// A network over many hosts of one link: each routes to the others by their addresses there.
///
/// The underlay's routes are others' too. This overlay's own are those of ``Route/Origin/overlay`` in its networks, less
/// what leads by the device of another overlay or is claimed by one.
package struct HostGatewayOverlay: Sendable {
    /// The link that all hosts are on.
    package let underlay: InterfaceIndex
    package let underlayName: String
    /// What every host's subnet lies in; those of two overlays of a host have no address in common.
    package let networks: [CIDR]
    package let peers: [HostGatewayPeer]
    /// What the underlay reaches without a router.
    private let directNetworks: [CIDR]
    private let ownAddresses: Set<IPAddress>

    /// Finds out what the underlay reaches as it is now, and changes nothing.
    ///
    /// - Parameters:
    ///   - link: the underlay.
    ///   - networks: what every host's subnet lies in.
    ///   - peers: the other hosts.
    ///   - host: a socket in the namespace of the overlay.
    /// - Throws: what the kernel refused to tell.
    package init(
        over link: Link, networks: [CIDR], peers: [HostGatewayPeer], on host: inout RouteSocket
    ) throws(SystemError) {
        underlay = link.index
        underlayName = link.name
        self.networks = networks
        self.peers = peers
        directNetworks = try host.onLinkNetworks(of: link.index)
        ownAddresses = Set(try host.addresses().map(\.address.address))
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
        for family in Set(networks.map(\.family)) { try host.enableForwarding(family) }
        return try wanted.reconcile(on: &host, holding: lock)
    }

    /// Compares the kernel's state with what it should be, and changes nothing.
    ///
    /// - Parameter host: a socket in the namespace of the overlay.
    /// - Returns: what `reconcile` would mend, and how it is for each peer.
    /// - Throws: what the kernel refused to tell.
    package func inspect(on host: inout RouteSocket) throws(SystemError) -> OverlayInspection {
        try wanted.inspect(on: &host)
    }

    /// Peers that are left out, in their order.
    package var unreachablePeers: [(peer: HostGatewayPeer, fault: HostGatewayPeer.Fault)] {
        peers.compactMap { peer in fault(of: peer).map { (peer, $0) } }
    }

    private var wanted: WantedState {
        let reachable = peers.filter { fault(of: $0) == nil }
        return WantedState(
            peers: reachable.map { peer in
                let route = Route(toPart: peer.subnet, via: peer.gateway, device: underlay)
                return WantedState.Peer(endpoint: peer.gateway, OverlayEntries(routes: [route]))
            },
            name: underlayName, device: nil, networks: networks, takesOver: true)
    }

    private func fault(of peer: HostGatewayPeer) -> HostGatewayPeer.Fault? {
        if !networks.contains(where: { $0.contains(peer.subnet) }) { return .outsideNetworks }
        if ownAddresses.contains(peer.gateway) { return .ownAddress }
        let isOnLink =
            peer.gateway.family == peer.subnet.family && directNetworks.contains { $0.contains(peer.gateway) }
        return isOnLink ? nil : .notOnLink
    }
}
