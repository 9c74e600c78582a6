import CLinux
import LinuxSystem
import Netlink

extension NftablesSet {
    /// Appends what creates the set, under a number that no other set of the transaction has.
    func encode(into message: inout NetlinkMessage, identifier: UInt32) {
        message.append(NFTA_SET_TABLE.rawValue, table.name)
        message.append(NFTA_SET_NAME.rawValue, name)
        message.append(NFTA_SET_FLAGS.rawValue, dataType == nil ? 0 : UInt32(NFT_SET_MAP.rawValue))
        message.append(NFTA_SET_KEY_TYPE.rawValue, keyType.number)
        message.append(NFTA_SET_KEY_LEN.rawValue, UInt32(truncatingIfNeeded: keyType.length))
        switch dataType {
        case .verdict:
            message.append(NFTA_SET_DATA_TYPE.rawValue, UInt32(NFT_DATA_VERDICT.rawValue))
            message.append(NFTA_SET_DATA_LEN.rawValue, 0)
        case .values(let types):
            message.append(NFTA_SET_DATA_TYPE.rawValue, types.number)
            message.append(NFTA_SET_DATA_LEN.rawValue, UInt32(truncatingIfNeeded: types.length))
        case nil: break
        }
        message.append(NFTA_SET_ID.rawValue, identifier)
        message.append(AttributeType(NFTA_SET_USERDATA.rawValue), bytes: UserData.set(self))
    }
}

extension NetlinkMessage {
    /// Names one element of a set, with what more there is to say about it.
    mutating func append(
        elementOf set: NftablesSet, _ key: [DataValue], _ body: (inout NetlinkMessage) -> Void = { _ in }
    ) {
        append(NFTA_SET_ELEM_LIST_TABLE.rawValue, set.table.name)
        append(NFTA_SET_ELEM_LIST_SET.rawValue, set.name)
        nest(AttributeType(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)) { list in
            list.nest(AttributeType(NFTA_LIST_ELEM.rawValue)) { element in
                element.append(value: NFTA_SET_ELEM_KEY.rawValue, key.bytes)
                body(&element)
            }
        }
    }
}

extension NftablesSet.Element {
    /// Appends what adds the element.
    func encode(into message: inout NetlinkMessage) {
        message.append(elementOf: set, key) { element in
            switch data {
            case .verdict(let verdict):
                verdict.encode(as: AttributeType(NFTA_SET_ELEM_DATA.rawValue), into: &element)
            case .values(let values): element.append(value: NFTA_SET_ELEM_DATA.rawValue, values.bytes)
            case nil: break
            }
            element.append(NFTA_SET_ELEM_USERDATA.rawValue, comment: comment)
        }
    }

    /// Reads `enum nft_set_elem_attributes`; nil when the key or the data is not as in the set.
    init?(_ attributes: Span<UInt8>, in set: NftablesSet) throws(SystemError) {
        var key: [DataValue]?
        var data: NftablesSet.MapData?
        var comment: String?
        try attributes.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(NFTA_SET_ELEM_KEY.rawValue): key = try value.data().flatMap(set.keyType.values)
            case AttributeType(NFTA_SET_ELEM_DATA.rawValue):
                data = try NftablesSet.MapData(value, of: set.dataType)
            case AttributeType(NFTA_SET_ELEM_USERDATA.rawValue): comment = try UserData.comment(in: value)
            default: break
            }
        }
        guard let key, data != nil || set.dataType == nil else { return nil }
        self.init(in: set, key, data, comment: comment)
    }
}

extension NftablesSet.MapData {
    fileprivate init?(_ value: Span<UInt8>, of type: NftablesSet.MapDataType?) throws(SystemError) {
        switch type {
        case .verdict:
            guard let verdict = try Verdict(data: value) else { return nil }
            self = .verdict(verdict)
        case .values(let types):
            guard let values = try value.data().flatMap(types.values) else { return nil }
            self = .values(values)
        case nil: return nil
        }
    }
}
