/// An IPv4 or IPv6 address; every IPv4 address sorts before every IPv6 address.
package enum IPAddress: Hashable, Comparable, Sendable {
    case v4(IPv4Address)
    case v6(IPv6Address)

    /// Parses an address of either family.
    ///
    /// An IPv4-mapped IPv6 text such as `::ffff:10.0.0.1` gives the IPv4 address.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        if let address = IPv4Address(parsing: bytes.span) {
            self = .v4(address)
        } else if let address = IPv6Address(parsing: bytes.span) {
            self = address.mappedIPv4.map(IPAddress.v4) ?? .v6(address)
        } else {
            return nil
        }
    }

    /// Makes an address from 4 or 16 bytes in network order; nil for any other count.
    ///
    /// Sixteen bytes are an IPv6 address even if it is an IPv4-mapped one.
    package init?(bytes: Span<UInt8>) {
        if let address = IPv4Address(bytes: bytes) {
            self = .v4(address)
        } else if let address = IPv6Address(bytes: bytes) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// Makes the address of a family from its number in host order; nil for more than 32 bits in IPv4.
    package init?(family: AddressFamily, bits: UInt128) {
        switch family {
        case .v4:
            guard let value = UInt32(exactly: bits) else { return nil }
            self = .v4(IPv4Address(rawValue: value))
        case .v6:
            self = .v6(IPv6Address(rawValue: bits))
        }
    }

    /// The address of all zeros: `0.0.0.0` or `::`.
    package static func any(_ family: AddressFamily) -> IPAddress {
        switch family {
        case .v4: .v4(IPv4Address(rawValue: 0))
        case .v6: .v6(IPv6Address(rawValue: 0))
        }
    }

    package var family: AddressFamily {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }

    /// 4 or 16 bytes in network order.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let address): address.bytes
        case .v6(let address): address.bytes
        }
    }

    /// The address as a number, in host order.
    package var bits: UInt128 {
        switch self {
        case .v4(let address): UInt128(address.rawValue)
        case .v6(let address): address.rawValue
        }
    }

    /// The address this many steps further on, or back if negative; nil beyond the ends of the family's space.
    package func advanced(by distance: Int) -> IPAddress? {
        let magnitude = UInt128(distance.magnitude)
        let (sum, overflow) =
            distance < 0 ? bits.subtractingReportingOverflow(magnitude) : bits.addingReportingOverflow(magnitude)
        return overflow ? nil : IPAddress(family: family, bits: sum)
    }

    /// The following address; nil after the last one of the family.
    package var next: IPAddress? {
        advanced(by: 1)
    }

    /// The preceding address; nil before the first one of the family.
    package var previous: IPAddress? {
        advanced(by: -1)
    }

    /// The IPv4 address that an IPv4-mapped IPv6 address such as `::ffff:10.0.0.1` stands for; any other as it is.
    package var unmapped: IPAddress {
        guard case .v6(let address) = self, let mapped = address.mappedIPv4 else { return self }
        return .v4(mapped)
    }

    /// Whether this is in `127.0.0.0/8`, or `::1`.
    package var isLoopback: Bool {
        switch self {
        case .v4(let address): address.rawValue >> 24 == 127
        case .v6(let address): address.rawValue == 1
        }
    }

    /// Whether this is in `224.0.0.0/4` or `ff00::/8`.
    package var isMulticast: Bool {
        switch self {
        case .v4(let address): address.rawValue >> 28 == 0xe
        case .v6(let address): address.rawValue >> 120 == 0xff
        }
    }

    /// Whether this is `0.0.0.0` or `::`.
    package var isUnspecified: Bool {
        bits == 0
    }

    /// Whether this is in `169.254.0.0/16` (RFC 3927) or `fe80::/10` (RFC 4291 section 2.5.6).
    package var isLinkLocal: Bool {
        switch self {
        case .v4(let address): address.rawValue >> 16 == 0xa9fe
        case .v6(let address): address.rawValue >> 118 == 0xfe80 >> 6
        }
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}
