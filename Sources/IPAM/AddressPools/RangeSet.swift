package import Addressing

/// Ranges of one family that give one address together.
package struct RangeSet {
    /// At least one.
    package let ranges: [AddressRange]
    package let exclusions: Exclusions

    /// Which of the ranges has an address.
    private let places: RangeMap<Int>

    /// Why ranges are no set.
    package struct Defect: Error, Hashable {
        package let message: String
    }

    /// - Throws: what is wrong, in the reference's words: an empty set, mixed families, or ranges that overlap.
    package init(_ ranges: [AddressRange], exclusions: Exclusions = Exclusions()) throws(Defect) {
        guard let first = ranges.first else { throw Defect(message: "empty range set") }
        guard ranges.allSatisfy({ $0.family == first.family }) else { throw Defect(message: "mixed address families") }
        if let (one, other) = firstOverlap(of: ranges.map { [$0.addresses] }) {
            throw Defect(message: "subnets \(ranges[one]) and \(ranges[other]) overlap")
        }
        self.ranges = ranges
        self.exclusions = exclusions
        places = RangeMap(ranges.enumerated().map { ($1.addresses, $0) })
    }

    package var family: AddressFamily { ranges[0].family }

    /// The subnets of all ranges.
    package var subnets: String { ranges.map { "\($0.subnet)" }.joined(separator: ", ") }

    /// How many addresses can be leased, as far as a number can tell.
    package var capacity: UInt128 {
        leasable.reduce(0) { sum, part in
            let (total, overflow) = sum.addingReportingOverflow(part.count)
            return overflow ? .max : total
        }
    }

    /// All that can be leased, in parts that are apart from each other.
    package var leasable: [IPRange] {
        ranges.flatMap { range in
            // Between the parts of the range in front of its gateway and behind it.
            let gateway = Exclusions([.host(range.gateway)])
            return gateway.rest(of: range.addresses).flatMap(exclusions.rest)
        }
    }

    /// The range that has an address.
    package func range(of address: IPAddress) -> AddressRange? {
        places.entry(of: address).map { ranges[$0.value] }
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
        guard let last, let start = places.entry(of: last)?.value else {
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
}

extension RangeSet: CustomStringConvertible {
    package var description: String { ranges.map { "\($0)" }.joined(separator: ",") }
}
