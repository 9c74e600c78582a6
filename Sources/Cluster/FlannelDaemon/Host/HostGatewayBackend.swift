import Addressing
import Flannel
import LinuxSystem
import Overlay
import RouteNetlink

/// The backend `host-gw`: hosts of one link route to each other by their addresses there.
struct HostGatewayBackend: Backend {
    static let type = "host-gw"

    /// - Parameter underlay: this host's interface to the others.
    /// - Throws: when the others are to send somewhere else than there, in the reference's words.
    init(_ underlay: HostUnderlay) throws(NetworkConfigurationError) {
        guard underlay.announced == underlay.local else {
            throw .invalid(
                "your PublicIP differs from interface IP, meaning that probably you're on a NAT, which is not supported "
                    + "by host-gw backend")
        }
    }

    func devices(_ families: [AddressFamily]) -> Set<String> { [] }

    func attributes(_ underlay: HostUnderlay) -> LeaseAttributes {
        LeaseAttributes(
            publicIP: underlay.announced[.v4], publicIPv6: underlay.announced[.v6], backendType: Self.type)
    }

    func mtu(_ underlay: HostUnderlay) -> UInt32 { underlay.link.mtu }

    func faults(in families: [AddressFamily]) -> (LeaseTable.Lease) -> String? { typeFault }

    func reconcile(
        _ place: BackendPlace, on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) -> BackendOutcome {
        let families = Set(place.own.all.map(\.family))
        let peers = place.peers.flatMap { lease in
            lease.subnets.all.filter { families.contains($0.family) }.compactMap { subnet in
                lease.attributes.address(subnet.family).map { HostGatewayPeer(subnet: subnet, gateway: $0) }
            }
        }
        var outcome = BackendOutcome()
        var refusals: [PeerSelection.Refusal] = []
        outcome.add {
            let overlay = try HostGatewayOverlay(
                over: place.underlay.link, networks: place.networks, peers: peers, on: &host)
            refusals = overlay.unreachablePeers.compactMap { unreachable in
                place.peers.first { $0.subnets.all.contains(unreachable.peer.subnet) }.map { lease in
                    PeerSelection.Refusal(
                        subnets: lease.subnets, cause: "its address \(unreachable.peer.gateway) \(unreachable.fault)")
                }
            }
            return try overlay.reconcile(on: &host, holding: lock)
        }
        outcome.refusals = refusals
        return outcome
    }
}
