/// A value of Go's encoding/gob, as far as net/rpc with plain data needs it.
package enum GobValue: Hashable, Sendable {
    case bool(Bool)
    case integer(Int64)
    /// Floating point numbers come as their bits, which nobody looks at here.
    case unsigned(UInt64)
    case bytes([UInt8])
    case string(String)
    /// A slice or an array.
    case list([GobValue])
    /// The members that were sent, by their names; one that has its type's zero value is left out by the sender.
    case structure([String: GobValue])
    /// Of a type that is passed over, such as a map.
    case skipped

    /// A member of a structure; nil when it has its zero value, or this is no structure.
    package subscript(name: String) -> GobValue? {
        guard case .structure(let members) = self else { return nil }
        return members[name]
    }

    package var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    package var unsigned: UInt64? {
        guard case .unsigned(let value) = self else { return nil }
        return value
    }

    package var bytes: [UInt8]? {
        guard case .bytes(let value) = self else { return nil }
        return value
    }

    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    package var list: [GobValue]? {
        guard case .list(let elements) = self else { return nil }
        return elements
    }

    /// Whether a sender leaves it out of a structure: structures themselves are always sent.
    var isZero: Bool {
        switch self {
        case .bool(let value): !value
        case .integer(let value): value == 0
        case .unsigned(let value): value == 0
        case .bytes(let value): value.isEmpty
        case .string(let value): value.isEmpty
        case .list(let elements): elements.isEmpty
        case .structure: false
        case .skipped: true
        }
    }
}

/// Why a stream cannot be read.
package struct GobError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
