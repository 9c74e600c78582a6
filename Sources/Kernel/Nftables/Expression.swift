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
    /// In the order of their numbers.
    private var attributes: [Attribute] = []

    /// What an expression says, under the number that the attribute has on the wire.
    struct Attribute: Hashable, Sendable {
        let number: UInt32
        let value: Value

        /// Nil when there is no value.
        init?(_ number: UInt32, _ value: Value?) {
            guard let value else { return nil }
            self.number = number
            self.value = value
        }
    }

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
        var numbers: [UInt32] = []
        /// Numbers that say nothing when they are zero.
        var flags: [UInt32] = []
        /// Numbers of one byte.
        var bytes: [UInt32] = []
        var texts: [UInt32] = []
        /// What a register holds, or a verdict.
        var data: [UInt32] = []
        /// What has been counted, and what aligns it.
        var counts: [UInt32] = []

        /// The kinds that rules are made of here; to be read as well, another one only needs to be in this list.
        static let all: [Kind] = [
            bitwise, comparison, connection, counter, fib, immediate, lookup, masquerade, match, meta, nat, payload,
            redirect,
            target,
        ]
    }

    init(_ kind: Kind, _ attributes: Attribute?...) {
        name = kind.name
        for case let attribute? in attributes { insert(attribute) }
    }

    private mutating func insert(_ attribute: Attribute) {
        let position = attributes.firstIndex { $0.number > attribute.number } ?? attributes.endIndex
        attributes.insert(attribute, at: position)
    }

    /// Whether it only counts packets, tells of them or of the rule.
    var isSilent: Bool {
        name == Kind.counter.name || name == "log"
            || name == Kind.match.name && attributes.first?.value == .text("comment")
    }

    /// What iptables(8) says with it: `struct xt_comment_info`.
    var comment: String? {
        guard name == Kind.match.name, attributes.first?.value == .text("comment"),
            case .unknown(let bytes) = attributes.last?.value
        else { return nil }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether it sends every packet back: `reject`, or the target of iptables(8) that does so.
    var isRejection: Bool {
        name == "reject" || name == Kind.target.name && attributes.first?.value == .text("REJECT")
    }

    /// The verdict that it takes whenever it is reached; nil for most.
    var verdict: Verdict? {
        for case .verdict(let verdict) in attributes.map(\.value) { return verdict }
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
                for attribute in attributes { attribute.encode(into: &data) }
            }
        }
    }

    /// Reads an element of `NFTA_RULE_EXPRESSIONS`.
    init(_ element: Span<UInt8>) throws(SystemError) {
        var name = ""
        try element.forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(NFTA_EXPR_NAME.rawValue) { name = value.string }
        }
        self.name = name
        let kind = Kind.all.first { $0.name == name } ?? Kind(name: name)
        try element.forEachAttribute { (type, data) throws(SystemError) in
            guard type == AttributeType(NFTA_EXPR_DATA.rawValue) else { return }
            try data.forEachAttribute { (type, value) throws(SystemError) in
                let number = UInt32(type.rawValue)
                if let attribute = Attribute(number, try kind.value(of: number, value)) { insert(attribute) }
            }
        }
    }
}

extension Expression.Attribute {
    fileprivate func encode(into message: inout NetlinkMessage) {
        switch value {
        case .number(let value): message.append(number, value)
        case .byte(let byte): message.append(AttributeType(number), byte)
        case .text(let text): message.append(number, text)
        case .bytes(let bytes): message.append(value: number, bytes)
        case .verdict(let verdict): verdict.encode(as: AttributeType(number), into: &message)
        case .unknown(let bytes): message.append(AttributeType(number), bytes: bytes)
        }
    }
}

extension Expression.Kind {
    /// Reads an attribute; nil for what makes no difference.
    fileprivate func value(of number: UInt32, _ bytes: Span<UInt8>) throws(SystemError) -> Expression.Value? {
        if numbers.contains(number) { return .number(try bytes.number()) }
        if self.bytes.contains(number) { return .byte(try bytes.integer()) }
        if texts.contains(number) { return .text(bytes.string) }
        if data.contains(number) {
            if let verdict = try Verdict(data: bytes) { return .verdict(verdict) }
            return .bytes(try bytes.data() ?? [])
        }
        if flags.contains(number) {
            let flags = try bytes.number()
            return flags == 0 ? nil : .number(flags)
        }
        if counts.contains(number) || bytes.isZero { return nil }
        return .unknown(bytes.array)
    }
}

extension Span<UInt8> {
    /// Whether this is a number that is zero; an attribute without a value says something by being there.
    fileprivate var isZero: Bool {
        for index in indices where self[index] != 0 { return false }
        return !isEmpty
    }
}
