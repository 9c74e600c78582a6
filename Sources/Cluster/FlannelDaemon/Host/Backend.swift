import Addressing
import Flannel
import LinuxSystem
import Overlay
import RouteNetlink

/// How packets get from host to host: what this host needs in the kernel for it, and tells the other hosts.
protocol Backend: Sendable {
    /// What the network's configuration calls it.
    static var type: String { get }

    /// Of this host's devices; empty where they need none.
    var macs: [AddressFamily: MACAddress] { get }

    /// The names of this host's own devices; none where packets leave by the underlay as they are.
    func devices(_ families: [AddressFamily]) -> Set<String>

    /// What the other hosts are told.
    func attributes(_ underlay: HostUnderlay) -> LeaseAttributes

    /// Bytes of a packet between containers.
    func mtu(_ underlay: HostUnderlay) -> UInt32

    /// The address of a host's device, as its lease tells it; nil where it has none.
    func mac(of lease: LeaseAttributes, _ family: AddressFamily) -> MACAddress?

    /// Tells what is wrong with leases one after the other; nil for one that will do.
    func faults(in families: [AddressFamily]) -> (LeaseTable.Lease) -> String?

    /// Makes the kernel's state what it should be.
    ///
    /// - Parameters:
    ///   - place: this host and the others.
    ///   - host: a socket in the calling thread's namespace.
    ///   - lock: that of the namespace.
    /// - Returns: what was otherwise, and what could not be mended.
    func reconcile(
        _ place: BackendPlace, on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) -> BackendOutcome
}

/// This host and the others, as a backend sees them.
struct BackendPlace {
    let networks: [CIDR]
    let underlay: HostUnderlay
    /// This host's subnets.
    let own: NodeSubnets
    /// The other hosts, which have been found to be no trouble.
    let peers: [LeaseTable.Lease]
}

/// What became of a comparison with the kernel.
struct BackendOutcome {
    /// What was otherwise, and has been mended.
    var differences: [OverlayDifference] = []
    /// Hosts that cannot be reached this way.
    var refusals: [PeerSelection.Refusal] = []
    /// The first thing that was refused.
    var failure: (any Error)?

    /// Takes in what a part of the work gives.
    mutating func add(_ body: () throws -> [OverlayDifference]) {
        do {
            differences += try body()
        } catch {
            failure = failure ?? error
        }
    }
}

extension Backend {
    var macs: [AddressFamily: MACAddress] { [:] }

    func mac(of lease: LeaseAttributes, _ family: AddressFamily) -> MACAddress? { nil }

    /// What is wrong with a lease of another backend.
    func typeFault(of lease: LeaseTable.Lease) -> String? {
        // Leases of the backend udp name none.
        let type = lease.attributes.backendType.isEmpty ? "udp" : lease.attributes.backendType
        return type == Self.type ? nil : "its backend is \(type.prefix(40)), and this host's is \(Self.type)"
    }
}
