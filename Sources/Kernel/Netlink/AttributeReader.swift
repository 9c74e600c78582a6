import CLinux
public import LinuxSystem

/// Replies are walked in place; whatever length they claim, nothing outside them is read.
extension Span<UInt8> {
    /// The number at an offset, in host order.
    ///
    /// - Throws: `EBADMSG` when the span ends before it does.
    @inlinable
    public func integer<Value: FixedWidthInteger>(
        at offset: Int = 0, as type: Value.Type = Value.self
    ) throws(SystemError) -> Value {
        let width = Value.bitWidth / 8
        guard offset >= 0, offset <= count, count - offset >= width else { throw Self.malformed }
        var value: Value = 0
        for index in 0..<width {
            value |= Value(truncatingIfNeeded: self[offset + index]) << (8 * index)
        }
        return value
    }

    /// The text up to the first null byte or the end.
    public var string: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in indices where bytes.count == index && self[index] != 0 { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Calls a body for each attribute from an offset on, flags taken off its type.
    ///
    /// - Throws: `EBADMSG` when a length does not fit; what the body throws.
    public func forEachAttribute(
        from offset: Int = 0, _ body: (AttributeType, Span<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        var position = offset
        while position < count {
            // The last attribute's padding may be cut off.
            guard count - position >= Self.attributeHeaderLength else { return }
            let length = Int(try integer(at: position, as: UInt16.self))
            let type = try integer(at: position + 2, as: UInt16.self)
            guard length >= Self.attributeHeaderLength, length <= count - position else { throw Self.malformed }
            try body(
                AttributeType(rawValue: type & ~UInt16(NLA_F_NESTED | NLA_F_NET_BYTEORDER)),
                extracting(position + Self.attributeHeaderLength..<position + length))
            position += (length + 3) & ~3
        }
    }

    /// `NLA_HDRLEN`.
    private static var attributeHeaderLength: Int { 4 }

    @usableFromInline
    static var malformed: SystemError {
        SystemError("read netlink message", nil, .badMessage)
    }
}
