import CLinux

/// The fixed part of a message behind `struct nlmsghdr`, such as `struct ifinfomsg`.
///
/// Conforming types are small Swift structures that append their own fields.
public protocol NetlinkHeader {
    func encode(into message: inout NetlinkMessage)
}

/// The number of an attribute, whose meaning depends on the message and on what it is nested in.
public struct AttributeType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Takes a number as the kernel's headers happen to spell it.
    public init(_ number: some BinaryInteger) {
        rawValue = UInt16(truncatingIfNeeded: number)
    }
}

/// A request in the making: header, fixed part, attributes.
///
/// Lengths and padding are kept right at every step; numbers are in host order unless said otherwise.
public struct NetlinkMessage: Sendable {
    /// The message as it goes on the wire, sequence number aside.
    public private(set) var bytes: [UInt8] = []

    /// Begins a message of a type, `nlmsg_type`; among its flags, `NLM_F_REQUEST` is always set.
    public init(type: UInt16, flags: NetlinkFlags, header: some NetlinkHeader) {
        self.init(type: type, flags: flags)
        header.encode(into: &self)
        patchLength()
    }

    private init(type: UInt16, flags: NetlinkFlags) {
        bytes.reserveCapacity(128)
        append(field: UInt32(Self.headerLength))
        append(field: type)
        append(field: flags.union(.request).rawValue)
        append(field: UInt32(0))
        append(field: UInt32(0))
    }

    /// `NLMSG_HDRLEN`.
    static let headerLength = 16

    /// Appends a number of the fixed part, of at most 64 bits, in host order.
    @inlinable
    public mutating func append(field value: some FixedWidthInteger) {
        append(UInt64(truncatingIfNeeded: value), byteCount: value.bitWidth / 8)
    }

    /// Appends an attribute holding a number in host order; byte-swap a number that the kernel wants in network order.
    @inlinable
    public mutating func append(_ type: AttributeType, _ value: some FixedWidthInteger) {
        append(type, UInt64(truncatingIfNeeded: value), byteCount: value.bitWidth / 8)
    }

    // What is generic above is no more than a conversion, so that it costs nothing in other modules.

    @usableFromInline
    mutating func append(_ value: UInt64, byteCount: Int) {
        for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }

    @usableFromInline
    mutating func append(_ type: AttributeType, _ value: UInt64, byteCount: Int) {
        attribute(type) { $0.append(value, byteCount: byteCount) }
    }

    /// Appends an attribute holding a null-terminated string.
    public mutating func append(_ type: AttributeType, string: String) {
        attribute(type) {
            $0.bytes.append(contentsOf: string.utf8)
            $0.bytes.append(0)
        }
    }

    /// Appends an attribute holding bytes as they are.
    public mutating func append(_ type: AttributeType, bytes value: [UInt8]) {
        attribute(type) { $0.bytes.append(contentsOf: value) }
    }

    /// Appends an attribute that is present or absent.
    public mutating func append(flag type: AttributeType) {
        attribute(type) { _ in }
    }

    /// Appends an attribute that holds attributes, marked `NLA_F_NESTED`.
    public mutating func nest<Failure>(
        _ type: AttributeType, _ body: (inout NetlinkMessage) throws(Failure) -> Void
    ) throws(Failure) {
        try attribute(AttributeType(rawValue: type.rawValue | UInt16(NLA_F_NESTED)), body)
    }

    /// Appends an attribute that holds a fixed part and attributes behind it, such as `VETH_INFO_PEER`.
    public mutating func nest<Failure>(
        _ type: AttributeType, header: some NetlinkHeader,
        _ body: (inout NetlinkMessage) throws(Failure) -> Void
    ) throws(Failure) {
        try nest(type) { (message) throws(Failure) in
            header.encode(into: &message)
            try body(&message)
        }
    }

    private mutating func attribute<Failure>(
        _ type: AttributeType, _ body: (inout NetlinkMessage) throws(Failure) -> Void
    ) throws(Failure) {
        let start = bytes.count
        append(field: UInt16(0))
        append(field: type.rawValue)
        try body(&self)
        // An attribute over 64 KiB has no representation; the kernel refuses the wrapped length as malformed.
        store(UInt16(truncatingIfNeeded: bytes.count - start), at: start)
        while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
        patchLength()
    }

    private mutating func patchLength() {
        store(UInt32(truncatingIfNeeded: bytes.count), at: 0)
    }

    /// The wire form under a sequence number, with more flags.
    func bytes(sequence: UInt32, adding more: NetlinkFlags) -> [UInt8] {
        var copy = self
        copy.store(flags.union(more).rawValue, at: 6)
        copy.store(sequence, at: 8)
        return copy.bytes
    }

    private mutating func store(_ value: some FixedWidthInteger, at offset: Int) {
        let bits = UInt64(truncatingIfNeeded: value)
        for index in 0..<(value.bitWidth / 8) {
            bytes[offset + index] = UInt8(truncatingIfNeeded: bits >> UInt64(8 * index))
        }
    }

    var flags: NetlinkFlags {
        NetlinkFlags(rawValue: UInt16(bytes[6]) | UInt16(bytes[7]) << 8)
    }
}

/// `nlmsg_flags`, as in netlink(7).
public struct NetlinkFlags: OptionSet, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    private init(_ number: some BinaryInteger) {
        rawValue = UInt16(truncatingIfNeeded: number)
    }

    public static let request = NetlinkFlags(NLM_F_REQUEST)
    public static let acknowledge = NetlinkFlags(NLM_F_ACK)
    public static let dump = NetlinkFlags(NLM_F_DUMP)
    /// The kernel answers with the object, where it tells only those who listen otherwise.
    public static let echo = NetlinkFlags(NLM_F_ECHO)
    public static let create = NetlinkFlags(NLM_F_CREATE)
    /// Fails when the object is there.
    public static let exclusive = NetlinkFlags(NLM_F_EXCL)
    public static let replace = NetlinkFlags(NLM_F_REPLACE)
    public static let append = NetlinkFlags(NLM_F_APPEND)
    /// With a deletion: fails when the object holds others.
    public static let nonRecursive = NetlinkFlags(NLM_F_NONREC)
}
