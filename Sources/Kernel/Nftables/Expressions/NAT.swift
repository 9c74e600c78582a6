import Addressing
import CLinux

extension Expression.Kind {
    static let nat = Expression.Kind(
        name: "nat",
        numbers: [
            NFTA_NAT_TYPE.rawValue, NFTA_NAT_FAMILY.rawValue, NFTA_NAT_REG_ADDR_MIN.rawValue,
            NFTA_NAT_REG_ADDR_MAX.rawValue, NFTA_NAT_REG_PROTO_MIN.rawValue, NFTA_NAT_REG_PROTO_MAX.rawValue,
        ], flags: [NFTA_NAT_FLAGS.rawValue])
}

extension Expression {
    /// Gives a connection another destination: `dnat ip to`; no port leaves it the one it has.
    ///
    /// A packet of the other family goes on with the next rule.
    static func destinationNAT(_ family: AddressFamily, to address: Register, port: Register?) -> Expression {
        nat(NFT_NAT_DNAT, family, address, port)
    }

    /// Gives a connection another source: `snat ip to`.
    static func sourceNAT(_ family: AddressFamily, to address: Register) -> Expression {
        nat(NFT_NAT_SNAT, family, address, nil)
    }

    private static func nat(
        _ type: nft_nat_types, _ family: AddressFamily, _ address: Register, _ port: Register?
    ) -> Expression {
        // The kernel would take all of these for granted, and lists them.
        Expression(
            .nat,
            Attribute(NFTA_NAT_TYPE.rawValue, .number(type.rawValue)),
            Attribute(NFTA_NAT_FAMILY.rawValue, .number(UInt32(family.protocolNumber))),
            Attribute(NFTA_NAT_REG_ADDR_MIN.rawValue, .number(address.number)),
            Attribute(NFTA_NAT_REG_ADDR_MAX.rawValue, .number(address.number)),
            Attribute(NFTA_NAT_REG_PROTO_MIN.rawValue, port.map { .number($0.number) }),
            Attribute(NFTA_NAT_REG_PROTO_MAX.rawValue, port.map { .number($0.number) }),
            Attribute(
                NFTA_NAT_FLAGS.rawValue,
                .number(
                    UInt32(NF_NAT_RANGE_MAP_IPS) | (port == nil ? 0 : UInt32(NF_NAT_RANGE_PROTO_SPECIFIED)))))
    }
}
