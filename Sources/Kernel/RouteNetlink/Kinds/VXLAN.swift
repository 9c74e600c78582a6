package import Addressing
import CLinux
import LinuxSystem
package import Netlink

/// What is asked of a VXLAN, `IFLA_VXLAN_…`: `ip link add NAME type vxlan id ID dev UNDERLAY local ADDRESS …`.
///
/// Of a link that is there the kernel takes no other id, port or address family, and none of `VXLANSettings.Fixed`.
package struct VXLANOptions: LinkOptions {
    /// The network identifier, 24 bits: RFC 7348, section 5.
    package var id: UInt32?
    /// The link that the packets leave by.
    package var underlay: InterfaceIndex?
    /// The address that the packets come from.
    package var local: IPAddress?
    /// The multicast address, or the one other host, that unknown and broadcast frames go to.
    package var group: IPAddress?
    /// The UDP port of all hosts.
    package var port: UInt16?
    /// Whether the senders of frames become forwarding entries.
    package var isLearning: Bool?
    /// Whether packets carry the group of a policy, in a header that only hosts of the same setting understand; a link
    /// that is there takes no other.
    package var hasGroupPolicy = false
    package var outer: OuterHeader?

    /// What is in the packets around the frames, and how long senders are known.
    package struct OuterHeader: Hashable, Sendable {
        /// Hops, 0 for the kernel's default.
        package var ttl: UInt8 = 0
        /// 1 takes that of the packet inside.
        package var tos: UInt8 = 0
        /// `enum ifla_vxlan_df`: whether routers may fragment them; 0 lets them, 1 does not, 2 does as the packet inside.
        package var df: UInt8 = 0
        /// Seconds until a learned forwarding entry ends: `FDB_AGE_DEFAULT` of the kernel's vxlan_core.c.
        package var ageing: UInt32 = 300

        package init() {}
    }

    package init(
        id: UInt32? = nil, underlay: InterfaceIndex? = nil, local: IPAddress? = nil, group: IPAddress? = nil,
        port: UInt16? = nil, isLearning: Bool? = nil
    ) {
        self.id = id
        self.underlay = underlay
        self.local = local
        self.group = group
        self.port = port
        self.isLearning = isLearning
    }

    package static let kind = "vxlan"

    package func encode(into message: inout NetlinkMessage) {
        if let id { message.append(AttributeType(IFLA_VXLAN_ID), id) }
        if let underlay { message.append(AttributeType(IFLA_VXLAN_LINK), underlay.rawValue) }
        if let local {
            let type = local.family == .v4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6
            message.append(AttributeType(type), bytes: local.bytes)
        }
        if let group {
            let type = group.family == .v4 ? IFLA_VXLAN_GROUP : IFLA_VXLAN_GROUP6
            message.append(AttributeType(type), bytes: group.bytes)
        }
        if let port { message.append(AttributeType(IFLA_VXLAN_PORT), port.bigEndian) }
        if let isLearning { message.append(AttributeType(IFLA_VXLAN_LEARNING), UInt8(isLearning ? 1 : 0)) }
        if hasGroupPolicy { message.append(flag: AttributeType(IFLA_VXLAN_GBP)) }
        guard let outer else { return }
        message.append(AttributeType(IFLA_VXLAN_TTL), outer.ttl)
        message.append(AttributeType(IFLA_VXLAN_TOS), outer.tos)
        message.append(AttributeType(IFLA_VXLAN_DF), outer.df)
        message.append(AttributeType(IFLA_VXLAN_AGEING), outer.ageing)
    }
}

/// A VXLAN's settings in effect.
package struct VXLANSettings: Hashable, Sendable {
    /// As asked for by `VXLANOptions`.
    package private(set) var id: UInt32 = 0
    package private(set) var underlay: InterfaceIndex?
    package private(set) var local: IPAddress?
    package private(set) var group: IPAddress?
    package private(set) var port: UInt16 = 0
    package private(set) var isLearning = false
    package private(set) var hasGroupPolicy = false
    package private(set) var outer = VXLANOptions.OuterHeader()
    package private(set) var fixed = Fixed()

    /// What matters to traffic and is settled with the link, as it is without being asked for.
    package struct Fixed: Hashable, Sendable {
        /// Whether packets over IPv4 have a checksum.
        package var hasChecksum = true
        /// Whether packets over IPv6 have none.
        package var omitsChecksum6 = false
        /// Whether packets over IPv6 without a checksum are refused.
        package var requiresChecksum6 = true
        /// Whether the checksum of the packet inside is left to the receiver.
        package var offloadsRemotely = false
        /// Whether the packets' hops are those of the packet inside.
        package var inheritsTTL = false
        /// The greatest number of forwarding entries, 0 for any.
        package var entryLimit: UInt32 = 0

        package init() {}
    }

    /// Whether the link does more than others, by one of the options that are read only here.
    ///
    /// They are `external`, `l2miss`, `l3miss`, `proxy` and `rsc` of ip-link(8).
    package private(set) var isSpecial = false

    /// Reads `IFLA_INFO_DATA`.
    init(reading data: Span<UInt8>) throws(SystemError) {
        try data.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_VXLAN_ID): id = try value.integer()
            case AttributeType(IFLA_VXLAN_LINK): underlay = InterfaceIndex(rawValue: try value.integer())
            case AttributeType(IFLA_VXLAN_LOCAL), AttributeType(IFLA_VXLAN_LOCAL6):
                local = IPAddress(bytes: value)
            case AttributeType(IFLA_VXLAN_GROUP), AttributeType(IFLA_VXLAN_GROUP6):
                group = IPAddress(bytes: value)
            case AttributeType(IFLA_VXLAN_PORT): port = UInt16(bigEndian: try value.integer())
            case AttributeType(IFLA_VXLAN_LEARNING): isLearning = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_VXLAN_TTL): outer.ttl = try value.integer()
            case AttributeType(IFLA_VXLAN_TOS): outer.tos = try value.integer()
            case AttributeType(IFLA_VXLAN_DF): outer.df = try value.integer()
            case AttributeType(IFLA_VXLAN_AGEING): outer.ageing = try value.integer()
            case AttributeType(IFLA_VXLAN_LIMIT): fixed.entryLimit = try value.integer()
            case AttributeType(IFLA_VXLAN_UDP_CSUM): fixed.hasChecksum = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_VXLAN_UDP_ZERO_CSUM6_TX):
                fixed.omitsChecksum6 = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_VXLAN_UDP_ZERO_CSUM6_RX):
                fixed.requiresChecksum6 = try value.integer(as: UInt8.self) == 0
            case AttributeType(IFLA_VXLAN_REMCSUM_TX), AttributeType(IFLA_VXLAN_REMCSUM_RX):
                if try value.integer(as: UInt8.self) != 0 { fixed.offloadsRemotely = true }
            case AttributeType(IFLA_VXLAN_TTL_INHERIT):
                fixed.inheritsTTL = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_VXLAN_GBP): hasGroupPolicy = true
            case AttributeType(IFLA_VXLAN_PROXY), AttributeType(IFLA_VXLAN_RSC),
                AttributeType(IFLA_VXLAN_L2MISS), AttributeType(IFLA_VXLAN_L3MISS),
                AttributeType(IFLA_VXLAN_COLLECT_METADATA):
                if try value.integer(as: UInt8.self) != 0 { isSpecial = true }
            default: break
            }
        }
    }
}

extension Link {
    /// Its settings where it is a VXLAN.
    package var vxlan: VXLANSettings? {
        if case .vxlan(let settings) = kind { settings } else { nil }
    }
}
