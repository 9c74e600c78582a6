package import Addressing

/// What is routed to a host: a subnet of IPv4, of IPv6 or of both.
package struct NodeSubnets: Hashable, Sendable {
    package let v4: CIDR?
    package let v6: CIDR?

    /// - Returns: nil where there is neither, or one is not of its family.
    package init?(v4: CIDR?, v6: CIDR?) {
        guard v4 != nil || v6 != nil, v4?.family ?? .v4 == .v4, v6?.family ?? .v6 == .v6 else { return nil }
        self.v4 = v4
        self.v6 = v6
    }

    /// Takes the first of each family.
    package init?(_ subnets: [CIDR]) {
        self.init(v4: subnets.first { $0.family == .v4 }, v6: subnets.first { $0.family == .v6 })
    }

    /// Those that there are, IPv4 first.
    package var all: [CIDR] { [v4, v6].compactMap(\.self) }

    package subscript(family: AddressFamily) -> CIDR? {
        switch family {
        case .v4: v4
        case .v6: v6
        }
    }

    /// Whether the subnets are of exactly the families that the network has on, and such as it gives away.
    package func fits(_ network: ClusterNetwork) -> Bool {
        AddressFamily.allCases.allSatisfy { family in
            switch (network.pool(family), self[family]) {
            case (let pool?, let subnet?): pool.contains(subnet)
            case (nil, nil): true
            default: false
            }
        }
    }
}

extension NodeSubnets: CustomStringConvertible {
    package var description: String { all.map { "\($0)" }.joined(separator: ", ") }
}
