public import Addressing
import CLinux
import LinuxSystem
public import Netlink

/// The settings of a VXLAN link, `IFLA_VXLAN_…`; nil means "as it is", or the kernel's default.
public struct VXLANOptions: Hashable, Sendable {
    /// The network identifier, 24 bits: RFC 7348, section 5.
    public var id: UInt32?
    /// The link that the packets leave by.
    public var underlay: InterfaceIndex?
    /// The address that the packets come from.
    public var local: IPAddress?
    /// The multicast address, or the one other host, that unknown and broadcast frames go to.
    public var group: IPAddress?
    /// The UDP port of all hosts.
    public var port: UInt16?
    /// Whether the senders of frames become forwarding entries.
    public var isLearning: Bool?
    /// Whether the link does more than others, by one of the options that are read only here.
    ///
    /// They are `external`, `gbp`, `l2miss`, `l3miss`, `proxy` and `rsc` of ip-link(8).
    public private(set) var isSpecial = false

    public init(
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

    /// Reads `IFLA_INFO_DATA`, which has the values in effect.
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
            case AttributeType(IFLA_VXLAN_GBP): isSpecial = true
            case AttributeType(IFLA_VXLAN_PROXY), AttributeType(IFLA_VXLAN_RSC),
                AttributeType(IFLA_VXLAN_L2MISS), AttributeType(IFLA_VXLAN_L3MISS),
                AttributeType(IFLA_VXLAN_COLLECT_METADATA):
                if try value.integer(as: UInt8.self) != 0 { isSpecial = true }
            default: break
            }
        }
    }

    func encode(into message: inout NetlinkMessage) {
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
    }
}

extension NetlinkRequest {
    /// `ip link add NAME type vxlan …`.
    public static func createVXLAN(_ link: LinkRequest, _ options: VXLANOptions) -> NetlinkRequest {
        create(link, kind: "vxlan") { message in
            message.nest(AttributeType(IFLA_INFO_DATA)) { options.encode(into: &$0) }
        }
    }

    /// `ip link set dev INDEX type vxlan …`: the kernel takes no other id, port or address family.
    public static func change(
        _ index: InterfaceIndex, _ name: String, to options: VXLANOptions
    ) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [], header: LinkHeader(index: index))
        message.nest(AttributeType(IFLA_LINKINFO)) { message in
            message.append(AttributeType(IFLA_INFO_KIND), string: "vxlan")
            message.nest(AttributeType(IFLA_INFO_DATA)) { options.encode(into: &$0) }
        }
        return NetlinkRequest(message, "change vxlan", name)
    }
}
