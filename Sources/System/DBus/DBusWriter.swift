/// Bytes in the making, little-endian: D-Bus Specification, "Marshaling (Wire Format)".
struct DBusWriter {
    private(set) var bytes: [UInt8] = []

    mutating func align(to boundary: Int) {
        while !bytes.count.isMultiple(of: boundary) { bytes.append(0) }
    }

    mutating func append(byte: UInt8) {
        bytes.append(byte)
    }

    mutating func append(bytes more: [UInt8]) {
        bytes += more
    }

    mutating func append(_ number: UInt32) {
        align(to: 4)
        for shift in [UInt32(0), 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// A string or an object path; nothing behind a null character.
    mutating func append(_ text: String) {
        let content = text.utf8.prefix { $0 != 0 }
        append(UInt32(clamping: content.count))
        bytes += content
        bytes.append(0)
    }

    /// Of at most 255 characters.
    mutating func append(signature: String) {
        let content = signature.utf8.prefix(255)
        bytes.append(UInt8(clamping: content.count))
        bytes += content
        bytes.append(0)
    }

    mutating func append(_ value: DBusValue) {
        switch value {
        case .string(let text): append(text)
        case .boolean(let isTrue): append(isTrue ? 1 : 0)
        case .number(let number): append(number)
        }
    }
}
