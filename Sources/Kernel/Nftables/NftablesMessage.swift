import CLinux
import LinuxSystem
import Netlink

extension NetlinkMessage {
    /// A message of nf_tables, `NFT_MSG_…`, with its attributes.
    init(
        _ type: nf_tables_msg_types, _ flags: NetlinkFlags, _ family: TableFamily?,
        _ attributes: (inout NetlinkMessage) -> Void
    ) {
        self.init(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(truncatingIfNeeded: type.rawValue), flags: flags,
            header: NetfilterHeader(family: family?.number ?? UInt8(AF_UNSPEC)))
        attributes(&self)
    }

    /// The beginning of a batch, on condition that the ruleset is still that of a generation.
    static func batchBegin(generation: UInt32?) -> NetlinkMessage {
        var message = batch(NFNL_MSG_BATCH_BEGIN)
        if let generation { message.append(UInt32(NFNL_BATCH_GENID.rawValue), generation) }
        return message
    }

    static var batchEnd: NetlinkMessage {
        batch(NFNL_MSG_BATCH_END)
    }

    private static func batch(_ type: Int32) -> NetlinkMessage {
        NetlinkMessage(
            type: UInt16(type), flags: [],
            header: NetfilterHeader(family: UInt8(AF_UNSPEC), resource: UInt16(NFNL_SUBSYS_NFTABLES)))
    }

    mutating func append(_ type: UInt32, _ text: String) {
        append(AttributeType(type), string: text)
    }

    /// Appends a number in network order, as nf_tables wants all of them.
    mutating func append(_ type: UInt32, _ number: UInt32) {
        append(AttributeType(type), number.bigEndian)
    }

    /// Appends bytes as `NFTA_DATA_VALUE`.
    mutating func append(value type: UInt32, _ bytes: [UInt8]) {
        nest(AttributeType(type)) { $0.append(AttributeType(NFTA_DATA_VALUE.rawValue), bytes: bytes) }
    }

    mutating func append(_ type: UInt32, comment: String?) {
        if let comment { append(AttributeType(type), bytes: UserData.comment(comment)) }
    }
}

extension Span<UInt8> {
    /// The bytes of an attribute as they are.
    var array: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in indices { bytes.append(self[index]) }
        return bytes
    }

    /// The number that an attribute is, in network order.
    func number() throws(SystemError) -> UInt32 {
        UInt32(bigEndian: try integer())
    }

    /// The number that the attribute of a type holds; nil when there is none.
    func number(_ wanted: UInt32) throws(SystemError) -> UInt32? {
        var number: UInt32?
        try forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(wanted) { number = try value.number() }
        }
        return number
    }

    /// The bytes in `NFTA_DATA_VALUE`; nil when there are none.
    func data() throws(SystemError) -> [UInt8]? {
        var bytes: [UInt8]?
        try forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(NFTA_DATA_VALUE.rawValue) { bytes = value.array }
        }
        return bytes
    }
}
