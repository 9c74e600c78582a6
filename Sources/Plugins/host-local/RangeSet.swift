import Addressing
import CNI

/// Ranges of one family that give one address together.
struct RangeSet: Hashable {
    /// At least one.
    let ranges: [AddressRange]

    var family: AddressFamily { ranges[0].family }

    /// - Throws: code 7 for an empty set, mixed families, or ranges that overlap.
    init(_ ranges: [AddressRange]) throws(CNIError) {
        guard let first = ranges.first else { throw CNIError(.invalidConfiguration, "empty range set") }
        guard ranges.allSatisfy({ $0.family == first.family }) else {
            throw CNIError(.invalidConfiguration, "mixed address families")
        }
        for (index, range) in ranges.enumerated() {
            if let other = ranges[..<index].first(where: { $0.addresses.overlaps(range.addresses) }) {
                throw CNIError(.invalidConfiguration, "subnets \(other) and \(range) overlap")
            }
        }
        self.ranges = ranges
    }

    /// How many addresses can be leased, as far as a number can tell.
    var capacity: UInt128 {
        ranges.reduce(0) { sum, range in
            let (total, overflow) = sum.addingReportingOverflow(range.capacity)
            return overflow ? .max : total
        }
    }

    func overlaps(_ other: RangeSet) -> Bool {
        ranges.contains { range in other.ranges.contains { $0.addresses.overlaps(range.addresses) } }
    }

    /// The range that has an address.
    func range(of address: IPAddress) -> AddressRange? {
        ranges.first { $0.addresses.contains(address) }
    }

    /// Every address that can be leased, once: from the one behind `last` on, round to `last` itself.
    func candidates(after last: IPAddress?) -> Candidates {
        Candidates(ranges: ranges, last: last)
    }

    struct Candidates: Sequence, IteratorProtocol {
        private let ranges: [AddressRange]
        private var rangeIndex: Int
        private var address: IPAddress
        private let end: IPAddress
        private var isDone = false

        fileprivate init(ranges: [AddressRange], last: IPAddress?) {
            self.ranges = ranges
            if let last, let index = ranges.firstIndex(where: { $0.addresses.contains(last) }) {
                rangeIndex = index
                address = last
                end = last
                step()
            } else {
                rangeIndex = 0
                address = ranges[0].addresses.first
                // The walk is round once it has been at the very last address.
                end = ranges[ranges.count - 1].addresses.last
            }
        }

        mutating func next() -> (address: IPAddress, range: AddressRange)? {
            while !isDone {
                let (candidate, range) = (address, ranges[rangeIndex])
                isDone = candidate == end
                step()
                if candidate != range.gateway { return (candidate, range) }
            }
            return nil
        }

        private mutating func step() {
            if address < ranges[rangeIndex].addresses.last, let next = address.next {
                address = next
            } else {
                rangeIndex = (rangeIndex + 1) % ranges.count
                address = ranges[rangeIndex].addresses.first
            }
        }
    }
}

extension RangeSet: CustomStringConvertible {
    var description: String { ranges.map { "\($0)" }.joined(separator: ",") }
}
