/// The sending end of a gob stream: each type is defined in it once, before the first value that needs it.
package struct GobEncoder: Sendable {
    private var identifiers: [GobType: Int64] = [:]
    private var defined: Set<GobType> = []
    /// Go's own begin there too, so that equal exchanges have equal bytes.
    private var nextIdentifier: Int64 = 65

    package init() {}

    /// Encodes a structure, with the definitions that the stream has not seen.
    ///
    /// - Parameters:
    ///   - value: members that are missing in it have their zero values.
    ///   - type: what the receiver is told that it is; members that it does not have are not sent.
    /// - Returns: whole messages.
    package mutating func encode(_ value: GobValue, as type: GobType) -> [UInt8] {
        let identifier = number(type)
        var output: [UInt8] = []
        define(type, into: &output)
        var message = GobWriter()
        message.append(identifier)
        message.append(value, as: type)
        message.finish(into: &output)
        return output
    }

    /// Numbers types in Go's order: a structure before its members, a list behind its elements.
    @discardableResult
    private mutating func number(_ type: GobType) -> Int64 {
        if let known = type.basicIdentifier ?? identifiers[type] { return known }
        switch type {
        case .structure(_, let members):
            let identifier = takeIdentifier(for: type)
            for member in members { number(member.type) }
            return identifier
        case .list(_, let element):
            number(element)
            return takeIdentifier(for: type)
        case .integer, .unsigned, .bytes, .string:
            return 0
        }
    }

    private mutating func takeIdentifier(for type: GobType) -> Int64 {
        let identifier = nextIdentifier
        nextIdentifier += 1
        identifiers[type] = identifier
        return identifier
    }

    /// Defines a type and then its parts: a message each, whose number is the negative of the type's.
    private mutating func define(_ type: GobType, into output: inout [UInt8]) {
        guard type.basicIdentifier == nil, defined.insert(type).inserted else { return }
        var message = GobWriter()
        message.append(-number(type))
        message.appendDefinition(of: type, number: { [identifiers] in $0.basicIdentifier ?? identifiers[$0] ?? 0 })
        message.finish(into: &output)
        switch type {
        case .structure(_, let members): for member in members { define(member.type, into: &output) }
        case .list(_, let element): define(element, into: &output)
        case .integer, .unsigned, .bytes, .string: break
        }
    }
}

/// One message of a gob stream in the making.
private struct GobWriter {
    private var bytes: [UInt8] = []

    /// Puts the message behind others, with its length in front.
    consuming func finish(into output: inout [UInt8]) {
        var length = GobWriter()
        length.append(UInt64(bytes.count))
        output += length.bytes + bytes
    }

    /// Below 128 a byte; else the negative of how many bytes follow, and those.
    mutating func append(_ value: UInt64) {
        guard value >= 128 else { return bytes.append(UInt8(truncatingIfNeeded: value)) }
        let count = (UInt64.bitWidth - value.leadingZeroBitCount + 7) / 8
        bytes.append(UInt8(truncatingIfNeeded: 256 - count))
        for place in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }

    /// The sign is the lowest bit.
    mutating func append(_ value: Int64) {
        append(value < 0 ? ~UInt64(bitPattern: value) << 1 | 1 : UInt64(bitPattern: value) << 1)
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func append(_ value: GobValue?, as type: GobType) {
        switch type {
        case .integer: append(value?.integer ?? 0)
        case .unsigned: append(value?.unsigned ?? 0)
        case .string: append(value?.string ?? "")
        case .bytes:
            let content = value?.bytes ?? []
            append(UInt64(content.count))
            bytes += content
        case .list(_, let element):
            let elements = value?.list ?? []
            append(UInt64(elements.count))
            for item in elements { append(item, as: element) }
        case .structure(_, let members):
            appendMembers(of: value, members)
        }
    }

    private mutating func appendMembers(of value: GobValue?, _ members: [GobType.Member]) {
        var distance: UInt64 = 0
        for member in members {
            distance += 1
            let content = value?[member.name]
            if case .structure = member.type {} else if content?.isZero ?? true { continue }
            append(distance)
            append(content, as: member.type)
            distance = 0
        }
        append(0 as UInt64)
    }

    /// A `wireType`: encoding/gob, type.go.
    mutating func appendDefinition(of type: GobType, number: (GobType) -> Int64) {
        switch type {
        case .structure(let name, let members):
            append(3 as UInt64)
            appendCommon(name, number(type))
            if !members.isEmpty {
                append(1 as UInt64)
                append(UInt64(members.count))
                for member in members {
                    append(1 as UInt64)
                    append(member.name)
                    append(1 as UInt64)
                    append(number(member.type))
                    append(0 as UInt64)
                }
            }
            append(0 as UInt64)
        case .list(let name, let element):
            append(2 as UInt64)
            appendCommon(name, number(type))
            append(1 as UInt64)
            append(number(element))
            append(0 as UInt64)
        case .integer, .unsigned, .bytes, .string: break
        }
        append(0 as UInt64)
    }

    /// A `CommonType`, the first member of each definition.
    private mutating func appendCommon(_ name: String, _ identifier: Int64) {
        append(1 as UInt64)
        if !name.isEmpty {
            append(1 as UInt64)
            append(name)
        }
        append((name.isEmpty ? 2 : 1) as UInt64)
        append(identifier)
        append(0 as UInt64)
    }
}
