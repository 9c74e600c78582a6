/// An IPv4 address.
package struct IPv4Address: Hashable, Sendable {
    /// The address as a number, in host order.
    package let rawValue: UInt32

    /// Makes the address from its number in host order.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Parses a dotted quad of four decimal numbers without leading zeros.
    ///
    /// The short forms of `inet_aton(3)`, octal and hexadecimal numbers give nil.
    package init?(_ text: some StringProtocol) {
        self.init(parsing: Array(text.utf8).span)
    }

    /// Makes the address from four bytes in network order; nil for any other count.
    package init?(bytes: Span<UInt8>) {
        guard bytes.count == 4 else { return nil }
        var value: UInt32 = 0
        for index in bytes.indices {
            value = value << 8 | UInt32(bytes[index])
        }
        rawValue = value
    }

    /// Four bytes in network order.
    package var bytes: [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: rawValue >> $0) }
    }

    init?(parsing text: Span<UInt8>) {
        var value: UInt32 = 0
        var offset = 0
        for part in 0..<4 {
            if part > 0 {
                guard offset < text.count, text[offset] == UInt8(ascii: ".") else { return nil }
                offset += 1
            }
            let start = offset
            var number: UInt32 = 0
            while offset < text.count, let digit = text[offset].decimalDigit {
                guard offset == start || number > 0 else { return nil }
                number = number * 10 + UInt32(digit)
                guard number <= 255 else { return nil }
                offset += 1
            }
            guard offset > start else { return nil }
            value = value << 8 | number
        }
        guard offset == text.count else { return nil }
        rawValue = value
    }
}

extension IPv4Address: Comparable {
    package static func < (left: IPv4Address, right: IPv4Address) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension IPv4Address: CustomStringConvertible {
    package var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
    }
}
