/// JSON text under construction.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let pretty: Bool
    private var depth = 0

    init(pretty: Bool) {
        self.pretty = pretty
    }

    mutating func append(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .number(let number): append(number.text)
        case .string(let string): appendQuoted(string)
        case .array(let elements): append(elements)
        case .object(let object): append(object)
        }
    }

    mutating func append(_ object: JSONObject) {
        appendList(object.members, "{", "}") { writer, member in
            writer.appendQuoted(member.name)
            writer.append(writer.pretty ? ": " : ":")
            writer.append(member.value)
        }
    }

    private mutating func append(_ elements: [JSONValue]) {
        appendList(elements, "[", "]") { writer, element in
            writer.append(element)
        }
    }

    private mutating func appendList<Item>(
        _ items: [Item], _ opening: String, _ closing: String, _ body: (inout JSONWriter, Item) -> Void
    ) {
        append(opening)
        if !items.isEmpty {
            depth += 1
            for (index, item) in items.enumerated() {
                if index > 0 {
                    append(",")
                }
                breakLine()
                body(&self, item)
            }
            depth -= 1
            breakLine()
        }
        append(closing)
    }

    private mutating func breakLine() {
        guard pretty else { return }
        append("\n")
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 4 * depth))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func appendQuoted(_ string: String) {
        append("\"")
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0a: append("\\n")
            case 0x0c: append("\\f")
            case 0x0d: append("\\r")
            case 0..<0x10: append("\\u000" + String(byte, radix: 16))
            case 0x10..<0x20: append("\\u00" + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        append("\"")
    }
}

extension JSONValue {
    /// Writes the JSON text in UTF-8, without a line break at its end.
    ///
    /// The pretty form gives every member and element a line of its own, indented by four spaces a level.
    package func serialized(pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty)
        writer.append(self)
        return writer.bytes
    }
}

extension JSONObject {
    /// Writes the JSON text in UTF-8, without a line break at its end.
    ///
    /// The pretty form gives every member and element a line of its own, indented by four spaces a level.
    package func serialized(pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty)
        writer.append(self)
        return writer.bytes
    }
}
