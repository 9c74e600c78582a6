import CLinux
import LinuxSystem
import Netlink

extension Chain {
    /// Appends what creates the chain.
    func encode(into message: inout NetlinkMessage) {
        message.append(NFTA_CHAIN_TABLE.rawValue, table.name)
        message.append(NFTA_CHAIN_NAME.rawValue, name)
        if let hook {
            message.nest(AttributeType(NFTA_CHAIN_HOOK.rawValue)) { nested in
                nested.append(NFTA_HOOK_HOOKNUM.rawValue, hook.number)
                nested.append(NFTA_HOOK_PRIORITY.rawValue, UInt32(bitPattern: hook.priority))
            }
            message.append(NFTA_CHAIN_POLICY.rawValue, hook.policy.number)
            message.append(NFTA_CHAIN_TYPE.rawValue, hook.type)
        }
        message.append(NFTA_CHAIN_USERDATA.rawValue, comment: comment)
    }
}

extension Chain.Hook.Policy {
    fileprivate var number: UInt32 {
        switch self {
        case .accept: UInt32(NF_ACCEPT)
        case .drop: UInt32(NF_DROP)
        }
    }
}

extension ListedChain {
    /// Reads `enum nft_chain_attributes`; nil for a chain of another table.
    init?(_ attributes: Span<UInt8>, in table: Table) throws(SystemError) {
        var name = ""
        var tableName = ""
        var type = ""
        var policy = Chain.Hook.Policy.accept
        var useCount: UInt32 = 0
        var place: (hook: UInt32, priority: UInt32)?
        try attributes.forEachAttribute { (attribute, value) throws(SystemError) in
            switch attribute {
            case AttributeType(NFTA_CHAIN_NAME.rawValue): name = value.string
            case AttributeType(NFTA_CHAIN_TABLE.rawValue): tableName = value.string
            case AttributeType(NFTA_CHAIN_TYPE.rawValue): type = value.string
            case AttributeType(NFTA_CHAIN_POLICY.rawValue):
                policy = try value.number() == UInt32(NF_DROP) ? .drop : .accept
            case AttributeType(NFTA_CHAIN_USE.rawValue): useCount = try value.number()
            case AttributeType(NFTA_CHAIN_HOOK.rawValue):
                place = try (
                    value.number(NFTA_HOOK_HOOKNUM.rawValue) ?? 0, value.number(NFTA_HOOK_PRIORITY.rawValue) ?? 0
                )
            default: break
            }
        }
        guard tableName == table.name else { return nil }
        let hook = place.map {
            Chain.Hook(type: type, number: $0.hook, priority: Int32(bitPattern: $0.priority), policy: policy)
        }
        self.init(name: name, hook: hook, useCount: Int(useCount))
    }
}
