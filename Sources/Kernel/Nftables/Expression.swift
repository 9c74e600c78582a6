import CLinux
import LinuxSystem
import Netlink

/// One step of a rule, as the kernel carries it out: a name, and what its attributes say.
///
/// Two are equal when the kernel does the same for both. So that one that is listed equals the one that was sent,
/// nothing is kept of an attribute that counts packets, nor of one that is not known here and all zeros: that is what
/// kernels add to lists, as the default of what they have learned since.
struct Expression: Hashable, Sendable {
    let name: String
    /// By the attributes' numbers.
    private let values: [UInt32: Value]

    /// What one attribute says.
    enum Value: Hashable, Sendable {
        /// 32 bits, in network order on the wire.
        case number(UInt32)
        case byte(UInt8)
        case text(String)
        /// What a register holds: `NFTA_DATA_VALUE`.
        case bytes([UInt8])
        case verdict(Verdict)
        /// What is not known here, as it was listed.
        case unknown([UInt8])
    }

    /// All expressions of one name: what each of their attributes is, by its number.
    struct Kind: Sendable {
        let name: String
        let attributes: [UInt32: Form]

        init(_ name: String, _ attributes: [UInt32: Form]) {
            self.name = name
            self.attributes = attributes
        }

        /// The kinds that rules are made of here; to read another one it only needs to be in this list.
        static let all: [Kind] = [
            bitwise, comparison, connection, counter, fib, immediate, lookup, masquerade, meta, nat, payload, redirect,
        ]
    }

    /// How an attribute is to be read.
    enum Form: Sendable {
        case number
        /// A number that says nothing when it is zero.
        case flags
        case byte
        case text
        /// Bytes or a verdict.
        case data
        /// Not at all: what an expression has counted.
        case ignored
    }

    /// Makes an expression of attributes by their numbers, nil for what it has not.
    init(_ kind: Kind, _ values: [UInt32: Value?]) {
        name = kind.name
        self.values = values.compactMapValues { $0 }
    }

    /// The verdict that it takes whenever it is reached; nil for most.
    var verdict: Verdict? {
        for case .verdict(let verdict) in values.values { return verdict }
        return nil
    }
}

// MARK: - Encoding

extension Expression {
    /// Appends the expression as an element of `NFTA_RULE_EXPRESSIONS`.
    func encode(into message: inout NetlinkMessage) {
        message.nest(AttributeType(NFTA_LIST_ELEM.rawValue)) { element in
            element.append(NFTA_EXPR_NAME.rawValue, name)
            element.nest(AttributeType(NFTA_EXPR_DATA.rawValue)) { data in
                for (type, value) in values.sorted(by: { $0.key < $1.key }) { value.encode(as: type, into: &data) }
            }
        }
    }

    /// Reads an element of `NFTA_RULE_EXPRESSIONS`.
    init(_ element: Span<UInt8>) throws(SystemError) {
        var name = ""
        try element.forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(NFTA_EXPR_NAME.rawValue) { name = value.string }
        }
        let forms = Kind.all.first { $0.name == name }?.attributes ?? [:]
        var values: [UInt32: Value] = [:]
        try element.forEachAttribute { (type, data) throws(SystemError) in
            guard type == AttributeType(NFTA_EXPR_DATA.rawValue) else { return }
            try data.forEachAttribute { (type, value) throws(SystemError) in
                let number = UInt32(type.rawValue)
                values[number] = try Value(value, forms[number])
            }
        }
        self.name = name
        self.values = values
    }
}

extension Expression.Value {
    fileprivate func encode(as type: UInt32, into message: inout NetlinkMessage) {
        switch self {
        case .number(let number): message.append(type, number)
        case .byte(let byte): message.append(AttributeType(type), byte)
        case .text(let text): message.append(type, text)
        case .bytes(let bytes): message.append(value: type, bytes)
        case .verdict(let verdict): verdict.encode(as: AttributeType(type), into: &message)
        case .unknown(let bytes): message.append(AttributeType(type), bytes: bytes)
        }
    }

    /// Reads an attribute; nil for what makes no difference.
    fileprivate init?(_ value: Span<UInt8>, _ form: Expression.Form?) throws(SystemError) {
        switch form {
        case .number: self = .number(try value.number())
        case .flags:
            let flags = try value.number()
            guard flags != 0 else { return nil }
            self = .number(flags)
        case .byte: self = .byte(try value.integer())
        case .text: self = .text(value.string)
        case .data:
            if let verdict = try Verdict(data: value) {
                self = .verdict(verdict)
            } else {
                self = .bytes(try value.data() ?? [])
            }
        case .ignored: return nil
        case nil:
            let bytes = value.array
            guard bytes.contains(where: { $0 != 0 }) else { return nil }
            self = .unknown(bytes)
        }
    }
}
