import Addressing
import Flannel

/// The hosts that this one routes to, out of all leases: those that get into nobody's way.
///
/// A lease says whatever its writer wants. One that takes a place which another has had for longer is left out.
struct PeerSelection {
    private(set) var peers: [LeaseTable.Lease] = []
    private(set) var refusals: [Refusal] = []

    /// A lease that is left out, and why.
    struct Refusal: Hashable, Sendable, CustomStringConvertible {
        let subnets: NodeSubnets
        let cause: String

        var description: String { "lease \(subnets) left out: \(cause)" }
    }

    /// - Parameters:
    ///   - leases: all but this host's, the oldest first.
    ///   - network: what all subnets lie in.
    ///   - own: this host's subnets.
    ///   - announced: this host's public addresses.
    ///   - fault: what the backend has against a lease; nil for nothing.
    init(
        _ leases: [LeaseTable.Lease], in network: ClusterNetwork, besides own: NodeSubnets,
        announced: [IPAddress], fault: (LeaseTable.Lease) -> String?
    ) {
        var taken = SubnetIndex()
        for subnet in own.all { taken.insert(subnet) }
        for lease in leases {
            let cause =
                Self.fault(of: lease, in: network, announced) ?? fault(lease)
                ?? lease.subnets.all.compactMap { subnet in
                    taken.conflict(with: subnet).map { "\(subnet) overlaps \($0), which was there before" }
                }.first
            if let cause {
                refusals.append(Refusal(subnets: lease.subnets, cause: cause))
                continue
            }
            for subnet in lease.subnets.all { taken.insert(subnet) }
            peers.append(lease)
        }
    }

    private static func fault(
        of lease: LeaseTable.Lease, in network: ClusterNetwork, _ announced: [IPAddress]
    ) -> String? {
        for subnet in lease.subnets.all {
            guard network.networks.contains(where: { $0.contains(subnet) }) else {
                // A family that this network has not is another hosts' business.
                if network.pool(subnet.family) == nil { continue }
                return "\(subnet) is not in the network \(network.networks.map { "\($0)" }.joined(separator: ", "))"
            }
            guard let address = lease.attributes.address(subnet.family) else {
                return "it has no public \(subnet.family) address"
            }
            if let cause = fault(of: address, in: network, announced) { return cause }
        }
        return nil
    }

    private static func fault(of address: IPAddress, in network: ClusterNetwork, _ announced: [IPAddress]) -> String? {
        if announced.contains(address) { return "its public address \(address) is this host's" }
        guard !address.isLoopback, !address.isMulticast, !address.isUnspecified, address != CIDR.any(.v4).last else {
            return "its public address \(address) is no host's"
        }
        if network.networks.contains(where: { $0.contains(address) }) {
            return "its public address \(address) is in the network itself"
        }
        return nil
    }
}

/// Subnets, of which one that overlaps another is found without comparing it with all.
struct SubnetIndex {
    private var subnets: [Set<CIDR>] = Array(repeating: [], count: 129)
    private var lengths: Set<Int> = []

    /// A subnet that is there and has an address in common with another one; of several the largest, and of these the first.
    func conflict(with subnet: CIDR) -> CIDR? {
        for length in lengths.sorted() {
            if length <= subnet.prefixLength {
                guard let outer = CIDR(containing: subnet.address, prefixLength: length) else { continue }
                if subnets[length].contains(outer) { return outer }
            } else if let inner = subnets[length].filter({ subnet.contains($0) }).min(by: { $0.address < $1.address }) {
                // Only where lengths are mixed, which is rare, all of the longer ones are looked through.
                return inner
            }
        }
        return nil
    }

    mutating func insert(_ subnet: CIDR) {
        guard subnets.indices.contains(subnet.prefixLength) else { return }
        lengths.insert(subnet.prefixLength)
        subnets[subnet.prefixLength].insert(subnet)
    }
}
