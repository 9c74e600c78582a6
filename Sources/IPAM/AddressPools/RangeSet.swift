package import Addressing

/// Ranges of one family that give one address together.
package struct RangeSet: Hashable {
    /// At least one.
    package let ranges: [AddressRange]
    package let exclusions: Exclusions

    /// Why ranges are no set.
    package struct Defect: Error, Hashable {
        package let message: String
    }

    /// - Throws: what is wrong, in the reference's words: an empty set, mixed families, or ranges that overlap.
    package init(_ ranges: [AddressRange], exclusions: Exclusions = Exclusions()) throws(Defect) {
        guard let first = ranges.first else { throw Defect(message: "empty range set") }
        guard ranges.allSatisfy({ $0.family == first.family }) else { throw Defect(message: "mixed address families") }
        for (index, range) in ranges.enumerated() {
            if let other = ranges[..<index].first(where: { $0.addresses.overlaps(range.addresses) }) {
                throw Defect(message: "subnets \(other) and \(range) overlap")
            }
        }
        self.ranges = ranges
        self.exclusions = exclusions
    }

    package var family: AddressFamily { ranges[0].family }

    /// The subnets of all ranges.
    package var subnets: String { ranges.map { "\($0.subnet)" }.joined(separator: ", ") }

    /// How many addresses can be leased, as far as a number can tell.
    package var capacity: UInt128 {
        ranges.reduce(0) { sum, range in
            let (total, overflow) = sum.addingReportingOverflow(capacity(of: range))
            return overflow ? .max : total
        }
    }

    package func overlaps(_ other: RangeSet) -> Bool {
        ranges.contains { range in other.ranges.contains { $0.addresses.overlaps(range.addresses) } }
    }

    /// The range that has an address.
    package func range(of address: IPAddress) -> AddressRange? {
        ranges.first { $0.addresses.contains(address) }
    }

    /// The next address that can be leased, in the reference's order: from the one behind `last` on through the range
    /// and those that follow, round to `last` itself.
    ///
    /// - Parameters:
    ///   - last: the address leased last; nil, or one outside the set, to begin with the first range.
    ///   - firstFree: finds the first address of a range that nobody has.
    /// - Returns: nil when everything is leased.
    /// - Throws: what `firstFree` throws.
    package func next<Failure>(
        after last: IPAddress?, firstFree: (IPRange) throws(Failure) -> IPAddress?
    ) throws(Failure) -> (address: IPAddress, range: AddressRange)? {
        for (part, range) in walk(after: last) {
            var rest: IPRange? = part
            while let part = rest, let address = try firstFree(part) {
                guard let skipped = reserved(address, of: range) else { return (address, range) }
                rest = skipped.last.next.flatMap { IPRange(first: $0, last: part.last) }
            }
        }
        return nil
    }

    /// What is never leased around an address, nil when it can be: the range's gateway, and exclusions.
    package func reserved(_ address: IPAddress, of range: AddressRange) -> IPRange? {
        address == range.gateway ? IPRange(first: address, last: address) : exclusions.range(of: address)
    }

    /// The parts of the set in the order in which they are searched.
    private func walk(after last: IPAddress?) -> [(part: IPRange, range: AddressRange)] {
        guard let last, let start = ranges.firstIndex(where: { $0.addresses.contains(last) }) else {
            return ranges.map { ($0.addresses, $0) }
        }
        let (before, behind) = (ranges[..<start], ranges[(start + 1)...])
        let range = ranges[start]
        var walk: [(IPRange, AddressRange)] = []
        if let next = last.next, let rest = IPRange(first: next, last: range.addresses.last) {
            walk.append((rest, range))
        }
        walk += (behind + before).map { ($0.addresses, $0) }
        if let rest = IPRange(first: range.addresses.first, last: last) { walk.append((rest, range)) }
        return walk
    }

    private func capacity(of range: AddressRange) -> UInt128 {
        let gatewayCounts = range.addresses.contains(range.gateway) && exclusions.range(of: range.gateway) == nil
        return range.addresses.count - exclusions.count(in: range.addresses) - (gatewayCounts ? 1 : 0)
    }
}

extension RangeSet: CustomStringConvertible {
    package var description: String { ranges.map { "\($0)" }.joined(separator: ",") }
}
