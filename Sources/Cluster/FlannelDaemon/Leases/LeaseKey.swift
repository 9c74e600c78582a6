import Addressing
package import Flannel

/// The name of a lease in the store: `10.244.75.0-24`, or `10.244.75.0-24&fd00:42:0:4a::-64`.
package enum LeaseKey {
    /// The subnets that a name ends with; nil for what is no lease's.
    ///
    /// Without IPv4 the first part is `0.0.0.0-LENGTH`.
    package static func subnets(in name: String) -> NodeSubnets? {
        let last = name.utf8.lastIndex(of: UInt8(ascii: "/")).map { name[name.utf8.index(after: $0)...] } ?? name[...]
        let parts = last.split(separator: "&" as Character, omittingEmptySubsequences: false)
        guard 1...2 ~= parts.count, let first = network(parts[0]), first.family == .v4,
            first.prefixLength <= 31
        else { return nil }
        var second: CIDR?
        if parts.count == 2 {
            guard let network = network(parts[1]), network.family == .v6, network.prefixLength <= 127 else {
                return nil
            }
            second = network
        }
        return NodeSubnets(v4: first.address.isUnspecified ? nil : first, v6: second)
    }

    /// The name for subnets.
    ///
    /// - Parameters:
    ///   - subnets: what is leased.
    ///   - placeholderLength: stands for the length where there is no IPv4.
    /// - Returns: what goes behind the folder of leases.
    package static func name(for subnets: NodeSubnets, placeholderLength: Int = 0) -> String {
        let first = subnets.v4.map(text) ?? "0.0.0.0-\(placeholderLength)"
        return subnets.v6.map { "\(first)&\(text($0))" } ?? first
    }

    private static func text(_ subnet: CIDR) -> String { "\(subnet.address)-\(subnet.prefixLength)" }

    /// Without host bits, which would be another name of the same network.
    private static func network(_ text: Substring) -> CIDR? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let network = CIDR("\(parts[0])/\(parts[1])"), "\(network.address)" == parts[0]
        else { return nil }
        return network
    }
}
