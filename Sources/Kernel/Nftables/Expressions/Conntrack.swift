import Addressing
import CLinux

extension Expression.Kind {
    static let connection = Expression.Kind(
        name: "ct", numbers: [NFTA_CT_KEY.rawValue, NFTA_CT_DREG.rawValue, NFTA_CT_SREG.rawValue],
        bytes: [NFTA_CT_DIRECTION.rawValue])
}

extension Expression {
    /// Loads what is known of a packet's connection; ends the rule where it has none: `ct state`, `ct mark`.
    static func load(_ key: ConnectionKey, into register: Register = .first) -> Expression {
        Expression(
            .connection,
            Attribute(NFTA_CT_KEY.rawValue, .number(key.number)),
            Attribute(NFTA_CT_DREG.rawValue, .number(register.number)),
            Attribute(NFTA_CT_DIRECTION.rawValue, key.direction.map { .byte($0) }))
    }

    /// `ct mark set`.
    static func set(_ key: ConnectionKey, from register: Register = .first) -> Expression {
        Expression(
            .connection,
            Attribute(NFTA_CT_KEY.rawValue, .number(key.number)),
            Attribute(NFTA_CT_SREG.rawValue, .number(register.number)))
    }
}

/// What is known of a connection.
struct ConnectionKey: Hashable, Sendable {
    /// Of `enum nft_ct_keys`.
    let number: UInt32
    /// Of `enum ip_conntrack_dir`, for what each direction has of its own.
    let direction: UInt8?

    private init(_ key: nft_ct_keys, _ direction: ip_conntrack_dir? = nil) {
        number = key.rawValue
        self.direction = direction.map { UInt8(truncatingIfNeeded: $0.rawValue) }
    }

    /// 32 bits in host order, as `ConnectionState` has them.
    static let state = ConnectionKey(NFT_CT_STATE)
    /// 32 bits in host order, as `ConnectionStatus` has them.
    static let status = ConnectionKey(NFT_CT_STATUS)
    /// 32 bits in host order.
    static let mark = ConnectionKey(NFT_CT_MARK)

    /// Where its first packet went, before any address was changed.
    static func originalDestination(_ family: AddressFamily) -> ConnectionKey {
        ConnectionKey(family == .v4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, IP_CT_DIR_ORIGINAL)
    }

    static let originalDestinationPort = ConnectionKey(NFT_CT_PROTO_DST, IP_CT_DIR_ORIGINAL)
}
