import CLinux

extension Expression.Kind {
    static let meta = Expression.Kind(
        name: "meta", numbers: [NFTA_META_KEY.rawValue, NFTA_META_DREG.rawValue, NFTA_META_SREG.rawValue])
}

extension Expression {
    /// Loads what is known of a packet besides its bytes: `meta nfproto`, `iifname`.
    static func load(_ key: MetaKey, into register: Register = .first) -> Expression {
        Expression(
            .meta,
            Attribute(NFTA_META_KEY.rawValue, .number(key.number)),
            Attribute(NFTA_META_DREG.rawValue, .number(register.number)))
    }

    /// `meta mark set`.
    static func set(_ key: MetaKey, from register: Register = .first) -> Expression {
        Expression(
            .meta,
            Attribute(NFTA_META_KEY.rawValue, .number(key.number)),
            Attribute(NFTA_META_SREG.rawValue, .number(register.number)))
    }
}

/// What is known of a packet besides its bytes.
struct MetaKey: Hashable, Sendable {
    /// Of `enum nft_meta_keys`.
    let number: UInt32

    private init(_ key: nft_meta_keys) {
        number = key.rawValue
    }

    /// A byte as in `NFPROTO_IPV4`.
    static let networkProtocol = MetaKey(NFT_META_NFPROTO)
    /// Two bytes in network order, as in `ETH_P_IP`.
    static let etherType = MetaKey(NFT_META_PROTOCOL)
    /// A byte as in `IPPROTO_TCP`.
    static let transportProtocol = MetaKey(NFT_META_L4PROTO)
    /// The name of the interface that a packet came in by, 16 bytes.
    static let inputInterfaceName = MetaKey(NFT_META_IIFNAME)
    /// The name of the interface that a packet leaves by, 16 bytes.
    static let outputInterfaceName = MetaKey(NFT_META_OIFNAME)
    /// The kind of the interface that a packet came in by, or leaves by, 16 bytes; since Linux 5.1.
    static let inputInterfaceKind = MetaKey(NFT_META_IIFKIND)
    static let outputInterfaceKind = MetaKey(NFT_META_OIFKIND)
    /// 32 bits in host order.
    static let mark = MetaKey(NFT_META_MARK)
}
