/// A protocol buffer message without a schema: its fields by number, in the order of the wire.
///
/// Written as a literal, `[1: "name", 4: 0, 8: [1: "parent"]]`; read through ``string(_:)`` and its siblings, which return
/// what proto3 calls the default for a field that is not there.
struct ProtobufMessage: ExpressibleByDictionaryLiteral {
    enum Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByDictionaryLiteral {
        case integer(UInt64)
        case bytes([UInt8])
        case repeated([Value])

        static func string(_ text: String) -> Value {
            .bytes(Array(text.utf8))
        }

        static func strings(_ texts: [String]) -> Value {
            .repeated(texts.map(string))
        }

        static func message(_ message: ProtobufMessage) -> Value {
            .bytes(message.encoded)
        }

        init(stringLiteral text: String) {
            self = .string(text)
        }

        init(integerLiteral number: UInt64) {
            self = .integer(number)
        }

        init(dictionaryLiteral fields: (Int, Value)...) {
            self = .message(ProtobufMessage(fields: fields))
        }
    }

    enum ParsingError: Error {
        case truncated
        case unsupportedWireType(UInt64)
    }

    private var fields: [(number: Int, value: Value)]

    private init(fields: [(Int, Value)]) {
        self.fields = fields.map { (number: $0, value: $1) }
    }

    init(dictionaryLiteral fields: (Int, Value)...) {
        self.init(fields: fields)
    }

    init(parsing bytes: [UInt8]) throws(ParsingError) {
        fields = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let key = try Self.variableLengthInteger(&rest)
            let number = Int(key >> 3)
            switch key & 7 {
            case 0: fields.append((number, .integer(try Self.variableLengthInteger(&rest))))
            case 1: fields.append((number, .bytes(try Self.bytes(8, &rest))))
            case 2: fields.append((number, .bytes(try Self.bytes(try Self.variableLengthInteger(&rest), &rest))))
            case 5: fields.append((number, .bytes(try Self.bytes(4, &rest))))
            case let wireType: throw .unsupportedWireType(wireType)
            }
        }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for (number, value) in fields {
            Self.append(value, as: UInt64(number), to: &bytes)
        }
        return bytes
    }

    func integer(_ number: Int) -> UInt64 {
        guard case .integer(let integer) = fields.last(where: { $0.number == number })?.value else { return 0 }
        return integer
    }

    func bytes(_ number: Int) -> [UInt8] {
        guard case .bytes(let bytes) = fields.last(where: { $0.number == number })?.value else { return [] }
        return bytes
    }

    func string(_ number: Int) -> String {
        String(decoding: bytes(number), as: UTF8.self)
    }

    func message(_ number: Int) throws(ParsingError) -> ProtobufMessage {
        try ProtobufMessage(parsing: bytes(number))
    }

    func messages(_ number: Int) throws(ParsingError) -> [ProtobufMessage] {
        var messages: [ProtobufMessage] = []
        for field in fields where field.number == number {
            if case .bytes(let bytes) = field.value {
                messages.append(try ProtobufMessage(parsing: bytes))
            }
        }
        return messages
    }

    private static func append(_ value: Value, as number: UInt64, to bytes: inout [UInt8]) {
        switch value {
        case .integer(let integer):
            append(number << 3, to: &bytes)
            append(integer, to: &bytes)
        case .bytes(let payload):
            append(number << 3 | 2, to: &bytes)
            append(UInt64(payload.count), to: &bytes)
            bytes += payload
        case .repeated(let values):
            for value in values {
                append(value, as: number, to: &bytes)
            }
        }
    }

    private static func append(_ integer: UInt64, to bytes: inout [UInt8]) {
        var rest = integer
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func variableLengthInteger(_ rest: inout ArraySlice<UInt8>) throws(ParsingError) -> UInt64 {
        var integer: UInt64 = 0
        for (index, byte) in rest.prefix(10).enumerated() {
            integer |= UInt64(byte & 0x7F) << (7 * UInt64(index))
            if byte < 0x80 {
                rest = rest.dropFirst(index + 1)
                return integer
            }
        }
        throw .truncated
    }

    private static func bytes(_ count: UInt64, _ rest: inout ArraySlice<UInt8>) throws(ParsingError) -> [UInt8] {
        guard count <= rest.count else { throw .truncated }
        defer { rest = rest.dropFirst(Int(count)) }
        return Array(rest.prefix(Int(count)))
    }
}
