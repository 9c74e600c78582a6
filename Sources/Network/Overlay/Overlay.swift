public import Addressing
public import LinuxSystem
public import RouteNetlink

/// A network over many hosts: this host's VXLAN device, and what leads to the others.
///
/// What is an overlay's own: routes of ``origin`` on its device or into its networks, and the neighbours and forwarding
/// entries of its device. Everything else is left alone.
public struct Overlay: Sendable {
    public let device: VXLANDevice
    /// Every host's subnet lies in one of these.
    public let networks: [CIDR]
    public let peers: [VXLANPeer]
    /// Where the underlay reaches peers without a router, so that they need no encapsulation; empty to encapsulate all.
    public let directNetworks: [CIDR]

    public init(device: VXLANDevice, networks: [CIDR], peers: [VXLANPeer], directNetworks: [CIDR] = []) {
        self.device = device
        self.networks = networks
        self.peers = peers
        self.directNetworks = directNetworks
    }

    /// Marks routes as an overlay's; `ip route show proto 193` lists them.
    public static let origin = Route.Origin(rawValue: 193)

    /// Makes the kernel's state what it should be, and writes nothing where it is; works on the calling thread's namespace.
    ///
    /// - Parameter host: a socket in the calling thread's namespace.
    /// - Returns: what was otherwise, and has been mended.
    /// - Throws: the first thing that the kernel refused, after all the rest has been done.
    public func reconcile(on host: inout RouteSocket) throws(SystemError) -> [OverlayDifference] {
        var differences: [OverlayDifference] = []
        let link = try device.ensure(on: &host, &differences)
        let plan = OverlayPlan(self, on: link.index, try OverlayEntries(on: link, &host))
        try host.perform(
            plan.changes.map { change in
                switch change {
                case .add(let route): .addOnly(route)
                case .replace(let route): .replace(route)
                case .remove(let route): .delete(route)
                case .replaceEntry(let entry): .replace(entry)
                case .removeEntry(let entry): .delete(entry)
                }
            })
        return differences + plan.differences
    }

    /// Compares the kernel's state with what it should be, and changes nothing.
    ///
    /// - Parameter host: a socket in the calling thread's namespace.
    /// - Returns: what `reconcile` would mend, and how it is for each peer.
    /// - Throws: `EEXIST` when another kind of link has the device's name; what the kernel refused to tell.
    public func inspect(on host: inout RouteSocket) throws(SystemError) -> OverlayInspection {
        let (link, differences) = try device.inspect(on: &host)
        let index = link?.index ?? .noInterface
        let plan = OverlayPlan(self, on: index, try OverlayEntries(on: link, &host))
        return OverlayInspection(self, on: index, differences + plan.differences)
    }

    /// Whether a subnet is routed to its peer as it is.
    public func isDirect(_ subnet: CIDR, of peer: VXLANPeer) -> Bool {
        subnet.family == peer.endpoint.family && directNetworks.contains { $0.contains(peer.endpoint) }
    }
}

/// What leads to peers.
struct OverlayEntries: Hashable {
    var routes: [Route] = []
    var neighbors: [Neighbor] = []
    var forwarding: [Neighbor] = []
}

extension OverlayEntries {
    /// What the kernel has; without a device, routes at most.
    fileprivate init(on device: Link?, _ host: inout RouteSocket) throws(SystemError) {
        routes = try host.routes(.v4, from: Overlay.origin) + host.routes(.v6, from: Overlay.origin)
        guard let device else { return }
        neighbors = try host.neighbors(.neighbors, on: device.index)
        forwarding = try host.neighbors(.forwarding, on: device.index)
    }

    /// What an overlay with a device of this index needs to reach a peer.
    init(to peer: VXLANPeer, of overlay: Overlay, on index: InterfaceIndex) {
        if case .segment(_, let group) = overlay.device.delivery {
            guard group == nil else { return }
            forwarding.append(Neighbor(.forwarding, on: index, peer.endpoint, is: .zero))
            return
        }
        for subnet in peer.subnets {
            if overlay.isDirect(subnet, of: peer) {
                routes.append(
                    Route(
                        to: subnet, via: peer.endpoint, device: overlay.device.underlay, table: Route.mainTable,
                        origin: Overlay.origin))
            } else {
                routes.append(
                    Route(
                        to: subnet, via: subnet.first, device: index, table: Route.mainTable, origin: Overlay.origin,
                        isOnLink: true))
                neighbors.append(Neighbor(.neighbors, on: index, subnet.first, is: peer.mac))
            }
        }
        if !neighbors.isEmpty { forwarding.append(Neighbor(.forwarding, on: index, peer.endpoint, is: peer.mac)) }
    }
}
