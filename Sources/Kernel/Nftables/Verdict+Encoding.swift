import CLinux
import LinuxSystem
import Netlink

/// `NFTA_DATA_VERDICT`.
extension Verdict {
    var code: Int32 {
        switch self {
        case .accept: NF_ACCEPT
        case .drop: NF_DROP
        case .return: NFT_RETURN.rawValue
        case .jump: NFT_JUMP.rawValue
        case .goto: NFT_GOTO.rawValue
        case .other(let code): code
        }
    }

    /// Appends the data of an expression or element that is this verdict.
    func encode(as type: AttributeType, into message: inout NetlinkMessage) {
        message.nest(type) { data in
            data.nest(AttributeType(NFTA_DATA_VERDICT.rawValue)) { verdict in
                verdict.append(AttributeType(NFTA_VERDICT_CODE.rawValue), code.bigEndian)
                if let target { verdict.append(AttributeType(NFTA_VERDICT_CHAIN.rawValue), string: target) }
            }
        }
    }

    /// Reads such data; nil when it is no verdict.
    init?(data: Span<UInt8>) throws(SystemError) {
        var code: Int32?
        var target: String?
        try data.forEachAttribute { (type, value) throws(SystemError) in
            guard type == AttributeType(NFTA_DATA_VERDICT.rawValue) else { return }
            try value.forEachAttribute { (type, value) throws(SystemError) in
                switch type {
                case AttributeType(NFTA_VERDICT_CODE.rawValue): code = Int32(bigEndian: try value.integer())
                case AttributeType(NFTA_VERDICT_CHAIN.rawValue): target = value.string
                default: break
                }
            }
        }
        switch (code, target) {
        case (NF_ACCEPT, _): self = .accept
        case (NF_DROP, _): self = .drop
        case (NFT_RETURN.rawValue, _): self = .return
        case (NFT_JUMP.rawValue, let target?): self = .jump(to: target)
        case (NFT_GOTO.rawValue, let target?): self = .goto(target)
        case (let code?, _): self = .other(code)
        case (nil, _): return nil
        }
    }
}
