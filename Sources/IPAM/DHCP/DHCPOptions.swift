package import Addressing

/// The options of a message, each by its number once.
package struct DHCPOptions: Hashable, Sendable {
    private var contents: [UInt8: [UInt8]] = [:]

    package init() {}

    package subscript(option: UInt8) -> [UInt8]? {
        get { contents[option] }
        set { contents[option] = newValue }
    }

    /// The numbers of those there are, in their order.
    package var numbers: [UInt8] { contents.keys.sorted() }

    /// Takes over options, instead of those of the same numbers.
    package mutating func merge(_ others: DHCPOptions) {
        contents.merge(others.contents) { $1 }
    }

    /// The first address in an option; nil when that is shorter.
    package func address(_ option: UInt8) -> IPv4Address? {
        addresses(option).first
    }

    /// The addresses in an option, without what is left of one at the end.
    package func addresses(_ option: UInt8) -> [IPv4Address] {
        let bytes = contents[option] ?? []
        return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).compactMap {
            IPv4Address(bytes: Array(bytes[$0..<$0 + 4]).span)
        }
    }

    /// The number in an option; nil when that has another length.
    package func number<Value: FixedWidthInteger>(_ option: UInt8, as type: Value.Type = Value.self) -> Value? {
        guard let bytes = contents[option], bytes.count == Value.bitWidth / 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    /// The text of an option, without the null bytes that some servers put at its end.
    package func text(_ option: UInt8) -> String? {
        guard var bytes = contents[option] else { return nil }
        while bytes.last == 0 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As they stand in a message, in the order of their numbers but for the message's type, which comes first; what is
    /// longer than 255 bytes is split: RFC 3396.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        let numbers = numbers
        for number in numbers.filter({ $0 == DHCPOption.messageType })
            + numbers.filter({ $0 != DHCPOption.messageType })
        {
            var rest = (contents[number] ?? [])[...]
            repeat {
                let part = rest.prefix(255)
                rest = rest.dropFirst(255)
                bytes += [number, UInt8(clamping: part.count)] + part
            } while !rest.isEmpty
        }
        return bytes + [DHCPOption.end]
    }

    /// Reads options up to their end, those that come again behind what there is: RFC 3396.
    ///
    /// - Returns: false when one is longer than the bytes there are; it and what follows are not read then.
    @discardableResult
    mutating func append(parsing bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while let number = rest.popFirst(), number != DHCPOption.end {
            if number == DHCPOption.padding { continue }
            guard let length = rest.popFirst(), Int(length) <= rest.count else { return false }
            contents[number, default: []] += rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
        }
        return true
    }
}
