import Addressing
package import Flannel

/// Chooses what a host without a lease is to get.
package enum SubnetChoice {
    /// A subnet of each family of the network that overlaps none that is taken, each of the free ones as likely.
    ///
    /// - Parameters:
    ///   - network: whose pools are chosen from.
    ///   - taken: what is leased, also of other lengths.
    ///   - generator: of random numbers.
    /// - Returns: nil when a family has none left.
    package static func free(
        in network: ClusterNetwork, besides taken: [NodeSubnets], using generator: inout some RandomNumberGenerator
    ) -> NodeSubnets? {
        var subnets: [CIDR] = []
        for pool in network.pools {
            guard let subnet = free(in: pool, besides: taken.flatMap(\.all), using: &generator) else { return nil }
            subnets.append(subnet)
        }
        return NodeSubnets(subnets)
    }

    /// Places in a pool are numbered; what is taken blocks runs of them, between which the free ones are counted.
    private static func free(
        in pool: SubnetPool, besides taken: [CIDR], using generator: inout some RandomNumberGenerator
    ) -> CIDR? {
        let shift = pool.network.family.bitWidth - pool.subnetLength
        let base = pool.first.address.bits >> shift
        let end = pool.last.address.bits >> shift
        let blocked = taken.filter { $0.family == pool.network.family }
            .map { (first: max($0.first.bits >> shift, base), last: min($0.last.bits >> shift, end)) }
            .filter { $0.first <= $0.last }
            .sorted { $0.first < $1.first }
        var runs: [(first: UInt128, count: UInt128)] = []
        var next = base
        for block in blocked {
            if block.first > next { runs.append((next, block.first - next)) }
            next = max(next, block.last + 1)
        }
        if next <= end { runs.append((next, end - next + 1)) }
        let count = runs.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        var number = UInt128.random(in: 0..<count, using: &generator)
        for run in runs {
            if number < run.count {
                return IPAddress(family: pool.network.family, bits: (run.first + number) << shift)
                    .flatMap { CIDR(containing: $0, prefixLength: pool.subnetLength) }
            }
            number -= run.count
        }
        return nil
    }
}
