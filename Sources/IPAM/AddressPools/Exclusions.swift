package import Addressing
package import JSON

/// Addresses that are never handed out, whatever range they lie in.
package struct Exclusions {
    /// Those that touch are one.
    private let ranges: RangeMap<Void>

    package init(_ networks: [CIDR] = []) {
        var ranges: [IPRange] = []
        for network in networks.sorted(by: { $0.first < $1.first }) {
            guard let last = ranges.last, last.last >= network.first || last.last.next == network.first else {
                if let range = IPRange(first: network.first, last: network.last) { ranges.append(range) }
                continue
            }
            guard let both = IPRange(first: last.first, last: max(last.last, network.last)) else { continue }
            ranges[ranges.count - 1] = both
        }
        self.ranges = RangeMap(ranges.map { ($0, ()) })
    }

    /// The excluded addresses around one, nil for an address that may be handed out.
    package func range(of address: IPAddress) -> IPRange? {
        ranges.entry(of: address)?.range
    }

    /// What is left of a range, in the order of its addresses.
    func rest(of range: IPRange) -> [IPRange] {
        var rest: [IPRange] = []
        var first: IPAddress? = range.first
        for excluded in ranges.entries(in: range).map(\.range) {
            if let start = first, let end = excluded.first.previous, let part = IPRange(first: start, last: end) {
                rest.append(part)
            }
            first = excluded.last.next
        }
        if let start = first, let part = IPRange(first: start, last: range.last) { rest.append(part) }
        return rest
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
