import Addressing
import Flannel
import LinuxSystem
import Overlay
import RouteNetlink
import UDPTunnel

/// The backend `udp`: this process carries the packets, as payload of UDP over IPv4.
struct UDPBackend: Backend {
    static let type = "udp"
    private static let device = "flannel0"

    private let settings: UDPBackendSettings
    private let keeper: TunnelKeeper

    /// - Throws: when the network has no IPv4.
    init(
        _ settings: UDPBackendSettings, of network: ClusterNetwork, _ keeper: TunnelKeeper
    ) throws(NetworkConfigurationError) {
        guard network.pool(.v4) != nil else { throw .invalid("the backend udp needs IPv4, which is off") }
        self.settings = settings
        self.keeper = keeper
    }

    func devices(_ families: [AddressFamily]) -> Set<String> { [Self.device] }

    /// The reference names no type in leases of this backend.
    func attributes(_ underlay: HostUnderlay) -> LeaseAttributes {
        LeaseAttributes(publicIP: underlay.announced[.v4], publicIPv6: underlay.announced[.v6])
    }

    func mtu(_ underlay: HostUnderlay) -> UInt32 {
        underlay.link.mtu > UDPOverlay.overhead + 68 ? underlay.link.mtu - UDPOverlay.overhead : 68
    }

    func faults(in families: [AddressFamily]) -> (LeaseTable.Lease) -> String? { typeFault }

    func reconcile(
        _ place: BackendPlace, on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) -> BackendOutcome {
        var outcome = BackendOutcome()
        outcome.add {
            guard let network = place.networks.first(where: { $0.family == .v4 }), let own = place.own[.v4],
                case .v4(let address) = own.first, case .v4(let local)? = place.underlay.local[.v4]
            else { return [] }
            let wanted = Tunnel.Settings(
                device: Self.device, local: local, port: settings.port ?? Tunnel.Settings.defaultPort,
                address: address, subnets: [own], queues: Self.queues)
            let isThere = try host.link(named: Self.device) != nil
            try keeper.ensure(wanted, isThere: isThere).replaceRoutes(Self.routes(place.peers))
            let overlay = UDPOverlay(
                device: Self.device, mtu: mtu(place.underlay), address: address, network: network)
            return try overlay.reconcile(on: &host, holding: lock)
        }
        return outcome
    }

    private static func routes(_ peers: [LeaseTable.Lease]) -> TunnelRoutes {
        TunnelRoutes(
            peers.compactMap { lease in
                guard let subnet = lease.subnets[.v4], case .v4(let host)? = lease.attributes.publicIP else {
                    return nil
                }
                return TunnelRoutes.Entry(subnet, behind: host)
            })
    }

    /// Two threads each, of which more than a few get in each other's way.
    private static let queues = min(4, MachineInformation.processors)
}
