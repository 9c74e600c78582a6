package import LinuxSystem

/// A message between programs on a message bus: D-Bus Specification, "Message Protocol".
package struct DBusMessage: Hashable, Sendable {
    package var kind: Kind
    /// The sender's number for it, above 0.
    package var serial: UInt32 = 1
    /// Of the call that it answers.
    package var replySerial: UInt32?
    package var path: String?
    package var interface: String?
    package var member: String?
    package var errorName: String?
    package var destination: String?
    /// The name of the connection that it comes from, which the bus fills in.
    package var sender: String?
    /// The arguments; of a message that was read, those before the first of a type that is not known here.
    package var body: [DBusValue] = []

    package enum Kind: UInt8, Sendable {
        case methodCall = 1
        case methodReturn = 2
        case error = 3
        case signal = 4
    }

    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// A call of the bus itself.
    package static func toBus(_ member: String, _ arguments: DBusValue...) -> DBusMessage {
        var message = DBusMessage(.methodCall)
        message.destination = "org.freedesktop.DBus"
        message.path = "/org/freedesktop/DBus"
        message.interface = "org.freedesktop.DBus"
        message.member = member
        message.body = arguments
        return message
    }
}

/// One argument of a message, of the types that are known here.
package enum DBusValue: Hashable, Sendable {
    case string(String)
    case boolean(Bool)
    case number(UInt32)

    var signature: String {
        switch self {
        case .string: "s"
        case .boolean: "b"
        case .number: "u"
        }
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}

/// What a header says beside its fixed part: D-Bus Specification, "Header Fields".
private enum HeaderField: UInt8 {
    case path = 1
    case interface = 2
    case member = 3
    case errorName = 4
    case replySerial = 5
    case destination = 6
    case sender = 7
    case signature = 8
}

extension DBusMessage {
    /// What is before the fields, their length included.
    private static let fixedLength = 16

    /// More than any answer that is waited for has.
    private static let limit = 1 << 20

    /// The message in little-endian order.
    package var encoded: [UInt8] {
        var arguments = DBusWriter()
        for value in body { arguments.append(value) }

        var fields = DBusWriter()
        func append(_ field: HeaderField, _ signature: String, _ text: String?) {
            guard let text else { return }
            fields.align(to: 8)
            fields.append(byte: field.rawValue)
            fields.append(signature: signature)
            if signature == "g" { fields.append(signature: text) } else { fields.append(text) }
        }
        append(.path, "o", path)
        append(.interface, "s", interface)
        append(.member, "s", member)
        append(.errorName, "s", errorName)
        append(.destination, "s", destination)
        if !body.isEmpty { append(.signature, "g", body.map(\.signature).joined()) }
        if let replySerial {
            fields.align(to: 8)
            fields.append(byte: HeaderField.replySerial.rawValue)
            fields.append(signature: "u")
            fields.append(replySerial)
        }

        var message = DBusWriter()
        for byte in [UInt8(ascii: "l"), kind.rawValue, 0, 1] { message.append(byte: byte) }
        message.append(UInt32(clamping: arguments.bytes.count))
        message.append(serial)
        message.append(UInt32(clamping: fields.bytes.count))
        // The fields begin at a multiple of 8, as they did for themselves.
        message.append(bytes: fields.bytes)
        message.align(to: 8)
        return message.bytes + arguments.bytes
    }

    /// How long the message is that begins here.
    ///
    /// - Returns: nil when too little has come to tell.
    /// - Throws: `EBADMSG` for what is no message, `EMSGSIZE` for one that is too long.
    package static func length(atStartOf bytes: [UInt8]) throws(SystemError) -> Int? {
        guard bytes.count >= fixedLength else { return nil }
        var reader = try DBusReader(bytes)
        reader.position = 4
        let bodyLength = Int(try reader.number())
        reader.position = 12
        let fieldsLength = Int(try reader.number())
        guard bodyLength <= limit, fieldsLength <= limit else {
            throw SystemError("read D-Bus message", nil, .messageTooLong)
        }
        return (fixedLength + fieldsLength + 7) & ~7 + bodyLength
    }

    /// Reads a message.
    ///
    /// - Parameter bytes: all of it, and nothing more.
    /// - Throws: `EBADMSG` for what is no message.
    package init(parsing bytes: [UInt8]) throws(SystemError) {
        var reader = try DBusReader(bytes)
        reader.position = 1
        guard let kind = Kind(rawValue: try reader.byte()) else { throw DBusReader.error }
        self.init(kind)
        reader.position = 8
        serial = try reader.number()
        let end = Self.fixedLength + Int(try reader.number())
        var signature = ""
        while reader.position < end {
            try reader.align(to: 8)
            let field = HeaderField(rawValue: try reader.byte())
            switch try reader.signature() {
            case "s", "o": set(field, try reader.string())
            case "g":
                let text = try reader.signature()
                if field == .signature { signature = text }
            case "u":
                let number = try reader.number()
                if field == .replySerial { replySerial = number }
            default: throw DBusReader.error
            }
        }
        try reader.align(to: 8)
        for type in signature.utf8 {
            guard let value = try reader.value(of: type) else { break }
            body.append(value)
        }
    }

    private mutating func set(_ field: HeaderField?, _ text: String) {
        switch field {
        case .path: path = text
        case .interface: interface = text
        case .member: member = text
        case .errorName: errorName = text
        case .destination: destination = text
        case .sender: sender = text
        case .replySerial, .signature, nil: break
        }
    }
}
