/// Consecutive addresses of one family, both ends included; never empty.
package struct IPRange: Hashable, Sendable {
    package let first: IPAddress
    package let last: IPAddress

    /// Makes the range between two addresses; nil if their families differ or the last comes before the first.
    package init?(first: IPAddress, last: IPAddress) {
        guard first.family == last.family, first <= last else { return nil }
        self.first = first
        self.last = last
    }

    package var family: AddressFamily {
        first.family
    }

    /// Number of addresses; for all of IPv6, whose number does not fit, one less.
    package var count: UInt128 {
        let (count, overflow) = (last.bits - first.bits).addingReportingOverflow(1)
        return overflow ? .max : count
    }

    package func contains(_ address: IPAddress) -> Bool {
        first <= address && address <= last
    }

    /// Whether the two ranges have an address in common.
    package func overlaps(_ other: IPRange) -> Bool {
        first <= other.last && other.first <= last
    }
}

extension IPRange: CustomStringConvertible {
    package var description: String {
        "\(first)-\(last)"
    }
}
