import CLinux
import Netlink

extension Expression {
    /// Appends the expression as an element of `NFTA_RULE_EXPRESSIONS`.
    func encode(into message: inout NetlinkMessage) {
        message.nest(AttributeType(NFTA_LIST_ELEM.rawValue)) { element in
            element.append(AttributeType(NFTA_EXPR_NAME.rawValue), string: name)
            element.nest(AttributeType(NFTA_EXPR_DATA.rawValue), encodeData)
        }
    }

    private var name: String {
        switch self {
        case .networkProtocol, .inputInterfaceName: "meta"
        case .linkHeader, .networkHeader: "payload"
        case .mask: "bitwise"
        case .compare: "cmp"
        case .lookup: "lookup"
        case .verdict: "immediate"
        case .masquerade: "masq"
        }
    }

    private func encodeData(into data: inout NetlinkMessage) {
        let register = UInt32(NFT_REG_1.rawValue)
        switch self {
        case .networkProtocol:
            data.append(meta: UInt32(NFT_META_NFPROTO.rawValue), into: register)
        case .inputInterfaceName:
            data.append(meta: UInt32(NFT_META_IIFNAME.rawValue), into: register)
        case .linkHeader(let offset, let length):
            data.append(payload: UInt32(NFT_PAYLOAD_LL_HEADER.rawValue), offset, length, into: register)
        case .networkHeader(let offset, let length):
            data.append(payload: UInt32(NFT_PAYLOAD_NETWORK_HEADER.rawValue), offset, length, into: register)
        case .mask(let mask):
            data.append(NFTA_BITWISE_SREG.rawValue, register)
            data.append(NFTA_BITWISE_DREG.rawValue, register)
            data.append(NFTA_BITWISE_LEN.rawValue, UInt32(mask.count))
            data.append(value: NFTA_BITWISE_MASK.rawValue, mask)
            data.append(value: NFTA_BITWISE_XOR.rawValue, mask.map { _ in 0 })
        case .compare(let comparison, let bytes):
            data.append(NFTA_CMP_SREG.rawValue, register)
            data.append(NFTA_CMP_OP.rawValue, comparison.number)
            data.append(value: NFTA_CMP_DATA.rawValue, bytes)
        case .lookup(let map):
            data.append(AttributeType(NFTA_LOOKUP_SET.rawValue), string: map.name)
            data.append(NFTA_LOOKUP_SREG.rawValue, register)
            data.append(NFTA_LOOKUP_DREG.rawValue, UInt32(NFT_REG_VERDICT.rawValue))
        case .verdict(let verdict):
            data.append(NFTA_IMMEDIATE_DREG.rawValue, UInt32(NFT_REG_VERDICT.rawValue))
            verdict.encode(as: AttributeType(NFTA_IMMEDIATE_DATA.rawValue), into: &data)
        case .masquerade:
            break
        }
    }
}

extension Expression.Comparison {
    fileprivate var number: UInt32 {
        switch self {
        case .equal: UInt32(NFT_CMP_EQ.rawValue)
        case .notEqual: UInt32(NFT_CMP_NEQ.rawValue)
        }
    }
}

extension NetlinkMessage {
    /// Appends a number in network order, as nf_tables wants all of them.
    mutating func append(_ type: UInt32, _ number: UInt32) {
        append(AttributeType(type), number.bigEndian)
    }

    fileprivate mutating func append(meta key: UInt32, into register: UInt32) {
        append(NFTA_META_KEY.rawValue, key)
        append(NFTA_META_DREG.rawValue, register)
    }

    fileprivate mutating func append(payload base: UInt32, _ offset: UInt32, _ length: UInt32, into register: UInt32) {
        append(NFTA_PAYLOAD_DREG.rawValue, register)
        append(NFTA_PAYLOAD_BASE.rawValue, base)
        append(NFTA_PAYLOAD_OFFSET.rawValue, offset)
        append(NFTA_PAYLOAD_LEN.rawValue, length)
    }

    /// Appends bytes as `NFTA_DATA_VALUE`.
    mutating func append(value type: UInt32, _ bytes: [UInt8]) {
        nest(AttributeType(type)) { $0.append(AttributeType(NFTA_DATA_VALUE.rawValue), bytes: bytes) }
    }
}
