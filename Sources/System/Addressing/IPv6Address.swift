/// An IPv6 address, without a zone.
package struct IPv6Address: Hashable, Sendable {
    /// The address as a number, in host order.
    package let rawValue: UInt128

    /// Makes the address from its number in host order.
    package init(rawValue: UInt128) {
        self.rawValue = rawValue
    }

    /// Parses the text forms of RFC 4291 section 2.2, an IPv4 tail included.
    ///
    /// A zone (`%eth0`) gives nil, and so does a `::` that stands for nothing.
    package init?(_ text: some StringProtocol) {
        self.init(parsing: Array(text.utf8).span)
    }

    /// Makes the address from sixteen bytes in network order; nil for any other count.
    package init?(bytes: Span<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var value: UInt128 = 0
        for index in bytes.indices {
            value = value << 8 | UInt128(bytes[index])
        }
        rawValue = value
    }

    /// Sixteen bytes in network order.
    package var bytes: [UInt8] {
        stride(from: 120, through: 0, by: -8).map { UInt8(truncatingIfNeeded: rawValue >> $0) }
    }

    /// The IPv4 address that this one maps (`::ffff:0:0/96`, RFC 4291 section 2.5.5.2), or nil.
    package var mappedIPv4: IPv4Address? {
        guard rawValue >> 32 == 0xffff else { return nil }
        return IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue))
    }

    init?(parsing text: Span<UInt8>) {
        let colon = UInt8(ascii: ":")
        var bits: UInt128 = 0
        var groups = 0
        var groupsBeforeGap: Int?
        var offset = 0
        if text.count >= 2, text[0] == colon, text[1] == colon {
            groupsBeforeGap = 0
            offset = 2
        }
        while offset < text.count || groups == 0 && groupsBeforeGap == nil {
            let start = offset
            var group: UInt128 = 0
            while offset < text.count, let digit = text[offset].hexadecimalDigit {
                guard offset - start < 4 else { return nil }
                group = group << 4 | UInt128(digit)
                offset += 1
            }
            guard offset > start, groups < 8 else { return nil }
            if offset < text.count, text[offset] == UInt8(ascii: ".") {
                guard groups <= 6, let tail = IPv4Address(parsing: text.extracting(start..<text.count)) else {
                    return nil
                }
                bits = bits << 32 | UInt128(tail.rawValue)
                groups += 2
                break
            }
            bits = bits << 16 | group
            groups += 1
            guard offset < text.count else { break }
            guard text[offset] == colon, offset + 1 < text.count else { return nil }
            offset += 1
            if text[offset] == colon {
                guard groupsBeforeGap == nil else { return nil }
                groupsBeforeGap = groups
                offset += 1
            }
        }
        if let groupsBeforeGap {
            guard groups < 8 else { return nil }
            let tailWidth = 16 * (groups - groupsBeforeGap)
            let tail = bits & ~(UInt128.max << tailWidth)
            rawValue = (bits >> tailWidth) << (128 - 16 * groupsBeforeGap) | tail
        } else {
            guard groups == 8 else { return nil }
            rawValue = bits
        }
    }
}

extension IPv6Address: Comparable {
    package static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension IPv6Address: CustomStringConvertible {
    /// The canonical text of RFC 5952; IPv4-mapped addresses end in a dotted quad (section 5).
    package var description: String {
        if let mappedIPv4 {
            return "::ffff:\(mappedIPv4)"
        }
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: rawValue >> $0) }
        var gap = 0..<0
        var runStart = 0
        for (index, group) in groups.enumerated() {
            guard group == 0 else {
                runStart = index + 1
                continue
            }
            if index + 1 - runStart > max(gap.count, 1) {
                gap = runStart..<index + 1
            }
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        return gap.isEmpty
            ? text(groups[...]) : text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
    }
}
