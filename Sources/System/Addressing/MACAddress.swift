/// A 48-bit Ethernet address.
package struct MACAddress: Hashable, Sendable {
    /// The address as a number, its first byte the most significant of the lower 48 bits.
    package let rawValue: UInt64

    /// Parses six pairs of hexadecimal digits, or three groups of four after dots, in either case.
    ///
    /// The forms are `02:00:00:00:00:01`, `02-00-00-00-00-01` and `0200.0000.0001`.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let separator: UInt8
        let groupLength: Int
        switch bytes.count {
        case 17 where bytes[2] == UInt8(ascii: ":") || bytes[2] == UInt8(ascii: "-"):
            (separator, groupLength) = (bytes[2], 2)
        case 14:
            (separator, groupLength) = (UInt8(ascii: "."), 4)
        default:
            return nil
        }
        var value: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            if index % (groupLength + 1) == groupLength {
                guard byte == separator else { return nil }
            } else {
                guard let digit = byte.hexadecimalDigit else { return nil }
                value = value << 4 | UInt64(digit)
            }
        }
        rawValue = value
    }

    /// Makes the address from six bytes in transmission order; nil for any other count.
    package init?(bytes: Span<UInt8>) {
        guard bytes.count == 6 else { return nil }
        var value: UInt64 = 0
        for index in bytes.indices {
            value = value << 8 | UInt64(bytes[index])
        }
        rawValue = value
    }

    /// Makes a unicast address for local use (RFC 7042 section 2.1) from the lower 48 bits of a number.
    ///
    /// Two of the bits are overwritten: the multicast bit is cleared and the local bit is set.
    package init(locallyAdministeredFrom seed: UInt64) {
        rawValue = seed & 0xffff_ffff_ffff & ~Self.multicastBit | Self.localBit
    }

    private init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// `00:00:00:00:00:00`, which no interface has.
    package static let zero = MACAddress(rawValue: 0)

    /// `ff:ff:ff:ff:ff:ff`, every interface of the link.
    package static let broadcast = MACAddress(rawValue: 0xffff_ffff_ffff)

    /// Six bytes in transmission order.
    package var bytes: [UInt8] {
        stride(from: 40, through: 0, by: -8).map { UInt8(truncatingIfNeeded: rawValue >> $0) }
    }

    /// Whether this addresses a group; true for the broadcast address too.
    package var isMulticast: Bool {
        rawValue & Self.multicastBit != 0
    }

    /// Whether this is `00:00:00:00:00:00`.
    package var isZero: Bool {
        self == .zero
    }

    /// Whether the address was chosen locally and not by a manufacturer.
    package var isLocallyAdministered: Bool {
        rawValue & Self.localBit != 0
    }

    private static let multicastBit: UInt64 = 0x0100_0000_0000
    private static let localBit: UInt64 = 0x0200_0000_0000
}

extension MACAddress: CustomStringConvertible {
    /// Lower-case pairs after colons.
    package var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
