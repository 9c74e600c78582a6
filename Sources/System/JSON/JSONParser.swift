/// One pass over a JSON text (RFC 8259).
struct JSONParser {
    static let maximumDepth = 128
    static let maximumSize = 4 << 20

    private var offset = 0

    /// Parses a text that must be one value and nothing else.
    static func parse(_ input: Span<UInt8>) throws(JSONError) -> JSONValue {
        guard input.count <= maximumSize else {
            throw JSONError(message: "input larger than \(maximumSize >> 20) MiB")
        }
        var parser = JSONParser()
        guard parser.next(input) != nil else {
            throw JSONError(message: "unexpected end of JSON input")
        }
        let value = try parser.value(input, depth: 0)
        guard parser.next(input) == nil else {
            throw parser.error("unexpected text after the value", input)
        }
        return value
    }

    private mutating func value(_ input: Span<UInt8>, depth: Int) throws(JSONError) -> JSONValue {
        guard let first = next(input) else {
            throw error("expected a value", input)
        }
        switch first {
        case UInt8(ascii: "{"):
            return .object(try object(input, depth: depth + 1))
        case UInt8(ascii: "["):
            return .array(try array(input, depth: depth + 1))
        case UInt8(ascii: "\""):
            return .string(try string(input))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number(input))
        case UInt8(ascii: "t"):
            try literal("true", input)
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false", input)
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null", input)
            return .null
        default:
            throw error("expected a value", input)
        }
    }

    private mutating func object(_ input: Span<UInt8>, depth: Int) throws(JSONError) -> JSONObject {
        try enter(depth, input)
        var members: [JSONObject.Member] = []
        if next(input) == UInt8(ascii: "}") {
            offset += 1
            return JSONObject()
        }
        while true {
            guard next(input) == UInt8(ascii: "\"") else {
                throw error("expected a member name in quotes\(members.isEmpty ? " or '}'" : "")", input)
            }
            let name = try string(input)
            guard next(input) == UInt8(ascii: ":") else {
                throw error("expected ':' after a member name", input)
            }
            offset += 1
            members.append(JSONObject.Member(name: name, value: try value(input, depth: depth)))
            switch next(input) {
            case UInt8(ascii: ","):
                offset += 1
            case UInt8(ascii: "}"):
                offset += 1
                return JSONObject(members)
            default:
                throw error("expected ',' or '}' after a member", input)
            }
        }
    }

    private mutating func array(_ input: Span<UInt8>, depth: Int) throws(JSONError) -> [JSONValue] {
        try enter(depth, input)
        var elements: [JSONValue] = []
        if next(input) == UInt8(ascii: "]") {
            offset += 1
            return elements
        }
        while true {
            elements.append(try value(input, depth: depth))
            switch next(input) {
            case UInt8(ascii: ","):
                offset += 1
            case UInt8(ascii: "]"):
                offset += 1
                return elements
            default:
                throw error("expected ',' or ']' after an element", input)
            }
        }
    }

    /// Steps over an opening bracket.
    private mutating func enter(_ depth: Int, _ input: Span<UInt8>) throws(JSONError) {
        guard depth <= Self.maximumDepth else {
            throw error("nested deeper than \(Self.maximumDepth) levels", input)
        }
        offset += 1
    }

    private mutating func literal(_ text: StaticString, _ input: Span<UInt8>) throws(JSONError) {
        for byte in text.description.utf8 {
            guard offset < input.count, input[offset] == byte else {
                throw error("expected '\(text)'", input)
            }
            offset += 1
        }
    }

    private mutating func number(_ input: Span<UInt8>) throws(JSONError) -> JSONNumber {
        let start = offset
        skip(UInt8(ascii: "-"), input)
        if !skip(UInt8(ascii: "0"), input) {
            try digits(input)
        }
        if skip(UInt8(ascii: "."), input) {
            try digits(input)
        }
        if skip(UInt8(ascii: "e"), input) || skip(UInt8(ascii: "E"), input) {
            if !skip(UInt8(ascii: "+"), input) {
                skip(UInt8(ascii: "-"), input)
            }
            try digits(input)
        }
        return JSONNumber(text: String(repairing: input.extracting(start..<offset)))
    }

    private mutating func digits(_ input: Span<UInt8>) throws(JSONError) {
        let start = offset
        while offset < input.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= input[offset] {
            offset += 1
        }
        guard offset > start else {
            throw error("expected a digit", input)
        }
    }

    @discardableResult
    private mutating func skip(_ byte: UInt8, _ input: Span<UInt8>) -> Bool {
        guard offset < input.count, input[offset] == byte else { return false }
        offset += 1
        return true
    }

    /// Parses a string from its opening quote on.
    private mutating func string(_ input: Span<UInt8>) throws(JSONError) -> String {
        offset += 1
        let start = offset
        while offset < input.count {
            switch input[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return String(repairing: input.extracting(start..<offset - 1))
            case UInt8(ascii: "\\"):
                return try escapedString(input, from: start)
            case 0..<0x20:
                throw error("control character in a string", input)
            default:
                offset += 1
            }
        }
        throw error("", input)
    }

    /// Parses a string that has an escape at the current offset.
    private mutating func escapedString(_ input: Span<UInt8>, from start: Int) throws(JSONError) -> String {
        var bytes: [UInt8] = []
        for index in start..<offset {
            bytes.append(input[index])
        }
        while offset < input.count {
            let byte = input[offset]
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(repairing: bytes.span)
            case UInt8(ascii: "\\"):
                try escape(input, into: &bytes)
            case 0..<0x20:
                throw error("control character in a string", input)
            default:
                bytes.append(byte)
                offset += 1
            }
        }
        throw error("", input)
    }

    private mutating func escape(_ input: Span<UInt8>, into bytes: inout [UInt8]) throws(JSONError) {
        guard offset + 1 < input.count else {
            offset = input.count
            throw error("", input)
        }
        let byte: UInt8
        switch input[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = input[offset + 1]
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0c
        case UInt8(ascii: "n"): byte = 0x0a
        case UInt8(ascii: "r"): byte = 0x0d
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape(input)
            bytes.append(contentsOf: Character(scalar).utf8)
            return
        default:
            throw error("unknown escape in a string", input)
        }
        bytes.append(byte)
        offset += 2
    }

    /// Parses `\uXXXX`, and the other half of a surrogate pair; a surrogate on its own gives U+FFFD.
    private mutating func unicodeEscape(_ input: Span<UInt8>) throws(JSONError) -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        let unit = try codeUnit(input)
        guard UTF16.isLeadSurrogate(unit) else {
            return Unicode.Scalar(unit) ?? replacement
        }
        let afterLead = offset
        guard skip(UInt8(ascii: "\\"), input), offset < input.count, input[offset] == UInt8(ascii: "u") else {
            offset = afterLead
            return replacement
        }
        offset = afterLead
        let trail = try codeUnit(input)
        guard UTF16.isTrailSurrogate(trail) else {
            offset = afterLead
            return replacement
        }
        return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(trail) - 0xdc00)) ?? replacement
    }

    /// Parses one `\uXXXX` from its backslash on.
    private mutating func codeUnit(_ input: Span<UInt8>) throws(JSONError) -> UInt16 {
        offset += 2
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard offset < input.count, let digit = Character(Unicode.Scalar(input[offset])).hexDigitValue else {
                throw error("expected four hexadecimal digits after '\\u'", input)
            }
            unit = unit << 4 | UInt16(digit)
            offset += 1
        }
        return unit
    }

    /// The next byte that is no white space, at which the offset then is; nil at the end.
    private mutating func next(_ input: Span<UInt8>) -> UInt8? {
        while offset < input.count {
            switch input[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                offset += 1
            case let byte:
                return byte
            }
        }
        return nil
    }

    /// The error at the current offset; at the end of the input that is what is wrong, whatever the message says.
    private func error(_ message: String, _ input: Span<UInt8>) -> JSONError {
        var line = 1
        var column = 1
        for index in 0..<min(offset, input.count) {
            switch input[index] {
            case UInt8(ascii: "\n"):
                line += 1
                column = 1
            case 0x80..<0xc0:
                break  // the rest of a character that was counted
            default:
                column += 1
            }
        }
        let cause = offset < input.count ? message : "unexpected end of JSON input"
        return JSONError(message: "line \(line), column \(column): \(cause)")
    }
}

extension JSONValue {
    /// Parses a JSON text of up to 4 MiB, nested up to 128 levels deep.
    ///
    /// Of members with the same name the last value counts. In strings, what is no UTF-8 and escaped surrogates that
    /// are not in pairs become U+FFFD.
    ///
    /// - Throws: an error that names line and column, if the text is not one JSON value (RFC 8259) or beyond a limit.
    package init(parsing text: Span<UInt8>) throws(JSONError) {
        self = try JSONParser.parse(text)
    }

    /// Parses a JSON text as `init(parsing:)` of a span does.
    package init(parsing text: [UInt8]) throws(JSONError) {
        self = try JSONParser.parse(text.span)
    }

    /// Parses a JSON text as `init(parsing:)` of a span does.
    package init(parsing text: String) throws(JSONError) {
        self = try JSONParser.parse(text.utf8.span)
    }
}

extension String {
    /// Makes a string of UTF-8, with U+FFFD for what is not UTF-8.
    fileprivate init(repairing bytes: Span<UInt8>) {
        do {
            self.init(copying: try UTF8Span(validating: bytes))
        } catch {
            self.init(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
    }
}
