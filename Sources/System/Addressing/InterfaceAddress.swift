/// An address as an interface has it: with the prefix length of its network, host bits kept.
package struct InterfaceAddress: Hashable, Sendable {
    package let address: IPAddress

    /// Number of leading bits that the addresses on the same link share.
    package let prefixLength: Int

    /// The network that the address lies in.
    package let network: CIDR

    /// Joins an address and a prefix length; nil if the length is negative or longer than an address of the family.
    package init?(_ address: IPAddress, prefixLength: Int) {
        guard let network = CIDR(containing: address, prefixLength: prefixLength) else { return nil }
        self.address = address
        self.prefixLength = prefixLength
        self.network = network
    }

    /// Parses `address/length`, the length decimal and without leading zeros.
    ///
    /// Nil for an address without a length. Nil too for an IPv4-mapped IPv6 address, whose length could mean either
    /// family.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")),
            let prefixLength = Self.prefixLength(bytes[(slash + 1)...])
        else { return nil }
        let address = bytes.span.extracting(0..<slash)
        if let address = IPv4Address(parsing: address) {
            self.init(.v4(address), prefixLength: prefixLength)
        } else if let address = IPv6Address(parsing: address), address.mappedIPv4 == nil {
            self.init(.v6(address), prefixLength: prefixLength)
        } else {
            return nil
        }
    }

    /// The address of all ones in the network; nil for IPv6, and for IPv4 with a prefix of 31 or 32 (RFC 3021).
    package var broadcast: IPAddress? {
        address.family == .v4 && prefixLength < 31 ? network.last : nil
    }

    private static func prefixLength(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...3).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        var value = 0
        for byte in digits {
            guard let digit = byte.decimalDigit else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}

extension InterfaceAddress: CustomStringConvertible {
    package var description: String {
        "\(address)/\(prefixLength)"
    }
}
