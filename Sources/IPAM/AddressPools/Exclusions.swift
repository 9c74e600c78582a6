package import Addressing
package import JSON

/// Addresses that are never handed out, whatever range they lie in.
package struct Exclusions: Hashable {
    /// In order and apart from each other.
    private let ranges: [IPRange]

    package init(_ networks: [CIDR] = []) {
        var ranges: [IPRange] = []
        for network in networks.sorted(by: { ($0.first, $0.prefixLength) < ($1.first, $1.prefixLength) }) {
            // Of two networks that overlap, one contains the other: here, the earlier one the later.
            guard ranges.last?.contains(network.first) != true,
                let range = IPRange(first: network.first, last: network.last)
            else { continue }
            ranges.append(range)
        }
        self.ranges = ranges
    }

    /// The excluded addresses around one, nil for an address that may be handed out.
    package func range(of address: IPAddress) -> IPRange? {
        ranges.first { $0.contains(address) }
    }

    /// How many addresses of a range are excluded.
    package func count(in range: IPRange) -> UInt128 {
        ranges.reduce(0) { sum, excluded in
            let common = IPRange(first: max(excluded.first, range.first), last: min(excluded.last, range.last))
            return sum + (common?.count ?? 0)
        }
    }
}

/// An address or a network, as `exclude` lists them.
package struct WrittenExclusion: JSONReadable {
    package let network: CIDR

    package init(reading reader: JSONReader) throws(JSONError) {
        let text = reader.value.string ?? ""
        guard let network = IPAddress(text).map(CIDR.host) ?? CIDR(text) else {
            throw reader.expected("an address or a network such as 10.1.0.5 or 10.1.0.0/28")
        }
        self.network = network
    }
}
