import LinuxSystem

/// Reads a message in the byte order that it names, never beyond its end.
struct DBusReader {
    private let bytes: [UInt8]
    private let isBigEndian: Bool
    var position = 0

    static let error = SystemError("read D-Bus message", nil, .badMessage)

    /// - Throws: `EBADMSG` when it names no byte order, as all errors here are.
    init(_ bytes: [UInt8]) throws(SystemError) {
        switch bytes.first {
        case UInt8(ascii: "l"): isBigEndian = false
        case UInt8(ascii: "B"): isBigEndian = true
        default: throw Self.error
        }
        self.bytes = bytes
    }

    mutating func align(to boundary: Int) throws(SystemError) {
        while !position.isMultiple(of: boundary) { _ = try byte() }
    }

    mutating func byte() throws(SystemError) -> UInt8 {
        guard bytes.indices.contains(position) else { throw Self.error }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number() throws(SystemError) -> UInt32 {
        try align(to: 4)
        var number: UInt32 = 0
        for shift in [UInt32(0), 8, 16, 24] {
            number |= UInt32(try byte()) << (isBigEndian ? 24 - shift : shift)
        }
        return number
    }

    /// A string or an object path.
    mutating func string() throws(SystemError) -> String {
        try text(Int(try number()))
    }

    mutating func signature() throws(SystemError) -> String {
        try text(Int(try byte()))
    }

    /// - Returns: nil for a type that is not known.
    mutating func value(of type: UInt8) throws(SystemError) -> DBusValue? {
        switch type {
        case UInt8(ascii: "s"), UInt8(ascii: "o"): .string(try string())
        case UInt8(ascii: "b"): .boolean(try number() != 0)
        case UInt8(ascii: "u"): .number(try number())
        default: nil
        }
    }

    /// What ends with a null character.
    private mutating func text(_ length: Int) throws(SystemError) -> String {
        guard length < bytes.count - position, bytes[position + length] == 0,
            let text = String(validating: bytes[position..<position + length], as: UTF8.self)
        else { throw Self.error }
        position += length + 1
        return text
    }
}
