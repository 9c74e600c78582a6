package import Addressing

/// Which host each subnet is behind: a table that does not change, to be looked up for each packet.
package struct TunnelRoutes: Sendable {
    /// Where each stretch of addresses begins that has one answer, in order; the first is 0.
    private var starts: [UInt32] = [0]
    /// The answer of each: an address in host order, 0 for none.
    private var hosts: [UInt32] = [0]

    /// A subnet of IPv4, and the address of its host on the underlay.
    package struct Entry: Hashable, Sendable {
        package let subnet: CIDR
        package let host: IPv4Address

        package init(_ subnet: CIDR, behind host: IPv4Address) {
            self.subnet = subnet
            self.host = host
        }
    }

    /// Makes the table; of subnets in each other the smaller counts, of equal ones the first.
    package init(_ entries: [Entry] = []) {
        let spans = entries.compactMap { entry -> Span? in
            guard case .v4(let first) = entry.subnet.first, case .v4(let last) = entry.subnet.last else { return nil }
            return Span(first: first.rawValue, last: last.rawValue, host: entry.host.rawValue)
        }
        // The larger before the smaller that are in them, and those in one place as they were given.
        let order = spans.indices.sorted { left, right in
            (spans[left].first, UInt32.max - spans[left].last, left)
                < (spans[right].first, UInt32.max - spans[right].last, right)
        }
        var open: [Span] = []
        for span in order.map({ spans[$0] }) {
            while let inner = open.last, inner.last < span.first { close(&open, inner) }
            if let inner = open.last, inner.first == span.first, inner.last == span.last { continue }
            begin(span.first, span.host)
            open.append(span)
        }
        while let inner = open.last { close(&open, inner) }
    }

    private struct Span {
        let first: UInt32
        let last: UInt32
        let host: UInt32
    }

    /// Ends the innermost one, behind which the one around it goes on.
    private mutating func close(_ open: inout [Span], _ inner: Span) {
        open.removeLast()
        if inner.last < .max { begin(inner.last + 1, open.last?.host ?? 0) }
    }

    private mutating func begin(_ start: UInt32, _ host: UInt32) {
        if starts.last == start {
            hosts[hosts.count - 1] = host
        } else {
            starts.append(start)
            hosts.append(host)
        }
    }

    /// The host that an address is behind, in host order as the address is; nil where there is none.
    func host(of address: UInt32) -> UInt32? {
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= address { low = middle } else { high = middle }
        }
        return hosts[low] == 0 ? nil : hosts[low]
    }
}
