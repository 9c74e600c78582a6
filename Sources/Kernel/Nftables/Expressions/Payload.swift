import CLinux

extension Expression.Kind {
    static let payload = Expression.Kind(
        name: "payload",
        numbers: [
            NFTA_PAYLOAD_DREG.rawValue, NFTA_PAYLOAD_BASE.rawValue, NFTA_PAYLOAD_OFFSET.rawValue,
            NFTA_PAYLOAD_LEN.rawValue,
        ])
}

extension Expression {
    /// Loads bytes of a header: `ip saddr`, `ether saddr`.
    static func load(_ bytes: HeaderBytes, into register: Register = .first) -> Expression {
        Expression(
            .payload,
            Attribute(NFTA_PAYLOAD_DREG.rawValue, .number(register.number)),
            Attribute(NFTA_PAYLOAD_BASE.rawValue, .number(bytes.base)),
            Attribute(NFTA_PAYLOAD_OFFSET.rawValue, .number(bytes.offset)),
            Attribute(NFTA_PAYLOAD_LEN.rawValue, .number(bytes.count)))
    }
}

/// A part of a packet.
struct HeaderBytes: Hashable, Sendable {
    /// Of `enum nft_payload_bases`.
    let base: UInt32
    let offset: UInt32
    var count: UInt32

    private init(_ base: nft_payload_bases, _ offset: UInt32, _ count: UInt32) {
        self.base = base.rawValue
        self.offset = offset
        self.count = count
    }

    static func link(offset: UInt32, count: UInt32) -> HeaderBytes {
        HeaderBytes(NFT_PAYLOAD_LL_HEADER, offset, count)
    }

    static func network(offset: UInt32, count: UInt32) -> HeaderBytes {
        HeaderBytes(NFT_PAYLOAD_NETWORK_HEADER, offset, count)
    }

    static func transport(offset: UInt32, count: UInt32) -> HeaderBytes {
        HeaderBytes(NFT_PAYLOAD_TRANSPORT_HEADER, offset, count)
    }
}
