/// A network: an address without host bits, and a prefix length.
package struct CIDR: Hashable, Sendable {
    /// The first address of the network.
    package let address: IPAddress

    /// Number of leading bits that the addresses of the network share.
    package let prefixLength: Int

    /// Makes the network of this prefix length that an address lies in.
    ///
    /// Nil if the prefix length is negative or longer than an address of the family.
    package init?(containing address: IPAddress, prefixLength: Int) {
        guard (0...address.family.bitWidth).contains(prefixLength),
            let first = IPAddress(
                family: address.family, bits: address.bits & ~Self.hostMask(address.family, prefixLength))
        else { return nil }
        self.init(first: first, prefixLength: prefixLength)
    }

    /// Parses `address/length` and clears the host bits.
    ///
    /// Nil for an address without a length, and for an IPv4-mapped IPv6 address.
    package init?(_ text: some StringProtocol) {
        guard let address = InterfaceAddress(text) else { return nil }
        self = address.network
    }

    /// The network of nothing but this address: `/32` or `/128`.
    package static func host(_ address: IPAddress) -> CIDR {
        CIDR(first: address, prefixLength: address.family.bitWidth)
    }

    /// The network of every address of a family: `0.0.0.0/0` or `::/0`.
    package static func any(_ family: AddressFamily) -> CIDR {
        CIDR(first: .any(family), prefixLength: 0)
    }

    /// The network of all groups: RFC 5771; RFC 4291, section 2.7.
    package static func multicast(_ family: AddressFamily) -> CIDR {
        switch family {
        case .v4: CIDR("224.0.0.0/4") ?? .any(.v4)
        case .v6: CIDR("ff00::/8") ?? .any(.v6)
        }
    }

    package var family: AddressFamily {
        address.family
    }

    /// The first address, the network address of IPv4.
    package var first: IPAddress {
        address
    }

    /// The last address, the broadcast address of most IPv4 networks.
    package var last: IPAddress {
        IPAddress(family: family, bits: address.bits | Self.hostMask(family, prefixLength)) ?? address
    }

    /// Whether this is every address of its family, as in a default route.
    package var isDefault: Bool {
        prefixLength == 0
    }

    /// Whether the address lies in this network; false for one of the other family.
    package func contains(_ address: IPAddress) -> Bool {
        address.family == family && address.bits & ~Self.hostMask(family, prefixLength) == self.address.bits
    }

    /// Whether every address of the other network lies in this one.
    package func contains(_ other: CIDR) -> Bool {
        other.prefixLength >= prefixLength && contains(other.address)
    }

    /// Whether the two networks have an address in common.
    package func overlaps(_ other: CIDR) -> Bool {
        contains(other) || other.contains(self)
    }

    private init(first: IPAddress, prefixLength: Int) {
        address = first
        self.prefixLength = prefixLength
    }

    private static func hostMask(_ family: AddressFamily, _ prefixLength: Int) -> UInt128 {
        ~(UInt128.max << (family.bitWidth - prefixLength))
    }
}

extension CIDR: CustomStringConvertible {
    package var description: String {
        "\(address)/\(prefixLength)"
    }
}
