/// Consecutive addresses of one family, both ends included; never empty.
public struct IPRange: Hashable, Sendable {
    public let first: IPAddress
    public let last: IPAddress

    /// Makes the range between two addresses; nil if their families differ or the last comes before the first.
    public init?(first: IPAddress, last: IPAddress) {
        guard first.family == last.family, first <= last else { return nil }
        self.first = first
        self.last = last
    }

    public var family: AddressFamily {
        first.family
    }

    /// Number of addresses; for all of IPv6, whose number does not fit, one less.
    public var count: UInt128 {
        let (count, overflow) = (last.bits - first.bits).addingReportingOverflow(1)
        return overflow ? .max : count
    }

    public func contains(_ address: IPAddress) -> Bool {
        first <= address && address <= last
    }

    /// Whether the two ranges have an address in common.
    public func overlaps(_ other: IPRange) -> Bool {
        first <= other.last && other.first <= last
    }
}

extension IPRange: CustomStringConvertible {
    public var description: String {
        "\(first)-\(last)"
    }
}
