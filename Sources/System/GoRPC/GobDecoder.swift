/// The receiving end of a gob stream, whatever types it defines.
package struct GobDecoder: Sendable {
    private var buffer: [UInt8] = []
    private var types = WireType.basic

    /// Bytes of one message, which a configuration with a previous result stays far below.
    private static let messageLimit = 16 << 20
    /// Types that a stream defines; those that are spoken here take a dozen.
    private static let typeLimit = 256

    package init() {}

    /// Takes what came by the connection.
    package mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer.append(contentsOf: bytes)
    }

    /// The next value.
    ///
    /// - Returns: nil when more has to come first.
    /// - Throws: when the stream is no gob, or has what is not spoken here; it cannot be read any further then.
    package mutating func next() throws(GobError) -> GobValue? {
        while let message = try nextMessage() {
            var reader = GobReader(message)
            let identifier = try reader.integer()
            guard identifier < 0 else { return try value(&reader, identifier) }
            guard types.count <= Self.typeLimit, identifier != Int64.min, types[-identifier] == nil else {
                throw GobError("too many types, or one that is defined twice")
            }
            types[-identifier] = try WireType(
                definition: reader.value(of: GobType.Basic.wireType, types, depth: 0))
        }
        return nil
    }

    private func value(_ reader: inout GobReader, _ identifier: Int64) throws(GobError) -> GobValue {
        if case .structure = types[identifier] {
        } else {
            // A lone value is told from a structure by this.
            guard try reader.unsigned() == 0 else { throw GobError("a lone value without its mark") }
        }
        return try reader.value(of: identifier, types, depth: 0)
    }

    /// Takes a whole message out of the buffer.
    private mutating func nextMessage() throws(GobError) -> [UInt8]? {
        guard let first = buffer.first else { return nil }
        let lengthBytes = first < 128 ? 1 : 257 - Int(first)
        guard lengthBytes <= 9 else { throw GobError("a length of \(lengthBytes - 1) bytes") }
        guard buffer.count >= lengthBytes else { return nil }
        var reader = GobReader(Array(buffer.prefix(lengthBytes)))
        guard let length = Int(exactly: try reader.unsigned()), length <= Self.messageLimit else {
            throw GobError("a message of more than \(Self.messageLimit) bytes")
        }
        guard buffer.count - lengthBytes >= length else { return nil }
        let message = Array(buffer[lengthBytes..<lengthBytes + length])
        buffer.removeFirst(lengthBytes + length)
        return message
    }
}

/// How a type's values are laid out, by the numbers of its parts.
private enum WireType: Sendable {
    case bool, integer, unsigned, bytes, string
    case list(element: Int64)
    case map(key: Int64, element: Int64)
    case structure([(name: String, type: Int64)])

    /// The types that need no definition, and those that definitions are made of: encoding/gob, type.go.
    static let basic: [Int64: WireType] = {
        typealias Basic = GobType.Basic
        return [
            Basic.bool: .bool, Basic.integer: .integer, Basic.unsigned: .unsigned, Basic.float: .unsigned,
            Basic.bytes: .bytes, Basic.string: .string,
            Basic.wireType: .structure([
                ("ArrayT", Basic.arrayType), ("SliceT", Basic.sliceType), ("StructT", Basic.structType),
                ("MapT", Basic.mapType), ("GobEncoderT", Basic.selfEncodedType),
                ("BinaryMarshalerT", Basic.selfEncodedType), ("TextMarshalerT", Basic.selfEncodedType),
            ]),
            Basic.commonType: .structure([("Name", Basic.string), ("Id", Basic.integer)]),
            Basic.arrayType: .structure([
                ("CommonType", Basic.commonType), ("Elem", Basic.integer), ("Len", Basic.integer),
            ]),
            Basic.sliceType: .structure([("CommonType", Basic.commonType), ("Elem", Basic.integer)]),
            Basic.structType: .structure([("CommonType", Basic.commonType), ("Field", Basic.fieldList)]),
            Basic.fieldType: .structure([("Name", Basic.string), ("Id", Basic.integer)]),
            Basic.fieldList: .list(element: Basic.fieldType),
            Basic.mapType: .structure([
                ("CommonType", Basic.commonType), ("Key", Basic.integer), ("Elem", Basic.integer),
            ]),
            Basic.selfEncodedType: .structure([("CommonType", Basic.commonType)]),
        ]
    }()

    /// Reads a definition, which is a `wireType`.
    init(definition: GobValue) throws(GobError) {
        if let structure = definition["StructT"] {
            let fields = structure["Field"]?.list ?? []
            self = .structure(fields.map { ($0["Name"]?.string ?? "", $0["Id"]?.integer ?? 0) })
        } else if let list = definition["SliceT"] ?? definition["ArrayT"] {
            self = .list(element: list["Elem"]?.integer ?? 0)
        } else if let map = definition["MapT"] {
            self = .map(key: map["Key"]?.integer ?? 0, element: map["Elem"]?.integer ?? 0)
        } else if ["GobEncoderT", "BinaryMarshalerT", "TextMarshalerT"].contains(where: { definition[$0] != nil }) {
            self = .bytes
        } else {
            throw GobError("a type of an unknown kind")
        }
    }
}

/// One message of a gob stream, taken apart from its beginning.
private struct GobReader {
    private let bytes: [UInt8]
    private var offset = 0

    /// How deep values lie in each other at most.
    private static let depthLimit = 32

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var rest: Int { bytes.count - offset }

    mutating func unsigned() throws(GobError) -> UInt64 {
        guard offset < bytes.count else { throw GobError("a message that ends too early") }
        let first = bytes[offset]
        offset += 1
        guard first >= 128 else { return UInt64(first) }
        let count = 256 - Int(first)
        guard count <= 8, count <= rest else { throw GobError("a number of \(count) bytes") }
        defer { offset += count }
        return bytes[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func integer() throws(GobError) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value & 1 == 1 ? ~(value >> 1) : value >> 1)
    }

    /// A count of what takes a byte each at least.
    private mutating func count() throws(GobError) -> Int {
        guard let count = Int(exactly: try unsigned()), count <= rest else {
            throw GobError("a message that ends too early")
        }
        return count
    }

    private mutating func content() throws(GobError) -> [UInt8] {
        let count = try count()
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    mutating func value(
        of identifier: Int64, _ types: [Int64: WireType], depth: Int
    ) throws(GobError) -> GobValue {
        guard depth < Self.depthLimit else { throw GobError("values too deep in each other") }
        switch types[identifier] {
        case .bool: return .bool(try unsigned() != 0)
        case .integer: return .integer(try integer())
        case .unsigned: return .unsigned(try unsigned())
        case .bytes: return .bytes(try content())
        case .string: return .string(String(decoding: try content(), as: UTF8.self))
        case .list(let element):
            var elements: [GobValue] = []
            for _ in 0..<(try count()) { elements.append(try value(of: element, types, depth: depth + 1)) }
            return .list(elements)
        case .map(let key, let element):
            for _ in 0..<(try count()) {
                _ = try value(of: key, types, depth: depth + 1)
                _ = try value(of: element, types, depth: depth + 1)
            }
            return .skipped
        case .structure(let fields):
            return .structure(try members(fields, types, depth))
        case nil:
            throw GobError("a value of type \(identifier), which is not defined")
        }
    }

    /// Each member comes behind the distance of its number from that of the one before; 0 ends them.
    private mutating func members(
        _ fields: [(name: String, type: Int64)], _ types: [Int64: WireType], _ depth: Int
    ) throws(GobError) -> [String: GobValue] {
        var members: [String: GobValue] = [:]
        var next = -1
        while true {
            let distance = try unsigned()
            if distance == 0 { return members }
            guard distance <= UInt64(fields.count), next + Int(distance) < fields.count else {
                throw GobError("a structure with more members than its type")
            }
            next += Int(distance)
            members[fields[next].name] = try value(of: fields[next].type, types, depth: depth + 1)
        }
    }
}
