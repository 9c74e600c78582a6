import CLinux
import LinuxSystem
import Netlink

/// What the kernel told of an object, to be told to it again with something changed and all else as it was.
struct KernelRecord: Hashable, Sendable {
    private var header: [UInt8]
    private var attributes: [Attribute] = []

    struct Attribute: Hashable, Sendable {
        let type: AttributeType
        var value: [UInt8]
    }

    /// Reads the payload of a message.
    ///
    /// - Throws: `EBADMSG` when it is shorter than its fixed part or its attributes do not fit into it.
    init(_ payload: Span<UInt8>, headerLength: Int) throws(SystemError) {
        guard payload.count >= headerLength else { throw SystemError("read netlink message", nil, .badMessage) }
        header = payload.extracting(0..<headerLength).array
        try payload.forEachAttribute(from: headerLength) { (type, value) throws(SystemError) in
            attributes.append(Attribute(type: type, value: value.array))
        }
    }

    /// An attribute's value; nil for none.
    subscript(_ number: some BinaryInteger) -> [UInt8]? {
        get {
            let type = AttributeType(number)
            return attributes.first { $0.type == type }?.value
        }
        set {
            let type = AttributeType(number)
            guard let newValue else { return attributes.removeAll { $0.type == type } }
            if let index = attributes.firstIndex(where: { $0.type == type }) {
                attributes[index].value = newValue
            } else {
                attributes.append(Attribute(type: type, value: newValue))
            }
        }
    }

    /// Changes a number of the fixed part, which has it.
    mutating func set(_ value: some FixedWidthInteger, at offset: Int) {
        for (index, byte) in Self.bytes(value).enumerated() where header.indices.contains(offset + index) {
            header[offset + index] = byte
        }
    }

    /// A number of four bytes in an attribute, in host order; nil when it has not so many.
    func number(_ number: some BinaryInteger, at offset: Int = 0) -> UInt32? {
        guard let value = self[number] else { return nil }
        return try? value.span.integer(at: offset)
    }

    /// The bytes of a number in host order.
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    func message(type: Int, flags: NetlinkFlags) -> NetlinkMessage {
        var message = NetlinkMessage(type: UInt16(type), flags: flags, header: FixedPart(bytes: header))
        for attribute in attributes { message.append(attribute.type, bytes: attribute.value) }
        return message
    }

    private struct FixedPart: NetlinkHeader {
        let bytes: [UInt8]

        func encode(into message: inout NetlinkMessage) {
            for byte in bytes { message.append(field: byte) }
        }
    }
}

extension Span<UInt8> {
    fileprivate var array: [UInt8] { indices.map { self[$0] } }
}
