public import Addressing
import CLinux
import LinuxSystem
import Netlink

/// A network interface as the kernel describes it.
public struct Link: Hashable, Sendable {
    public var index: InterfaceIndex
    public var name: String
    /// `bridge`, `veth`, …; nil for hardware and the loopback.
    public var kind: String?
    public var mac: MACAddress?
    /// Bytes of payload in a frame.
    public var mtu: UInt32
    /// What an administrator asked for, whatever the carrier does.
    public var isUp: Bool
    public var isLoopback: Bool
    /// Whether an administrator asked for it; ports of a bridge are promiscuous without this flag.
    public var isPromiscuous: Bool
    /// RFC 2863.
    public var operationalState: OperationalState
    /// The bridge that it is a port of.
    public var master: InterfaceIndex?
    /// For a veth: the other end, in the other end's namespace.
    public var peer: InterfaceIndex?
    /// This namespace's number for that of the peer, where it is another: `IFLA_LINK_NETNSID`.
    public var peerNamespace: Int32?
    public var alias: String?
    /// Where the link is a bridge, its settings.
    public var bridge: BridgeOptions?
    /// Where the link is a port of a bridge, its settings there.
    public var port: BridgePortOptions?
    /// Where the link is a VXLAN, its settings.
    public var vxlan: VXLANOptions?

    /// `IFLA_OPERSTATE`, as in RFC 2863.
    public enum OperationalState: UInt8, Sendable {
        case unknown, notPresent, down, lowerLayerDown, testing, dormant, up
    }

    /// Reads the payload of `RTM_NEWLINK`.
    init(reading payload: Span<UInt8>) throws(SystemError) {
        index = InterfaceIndex(rawValue: try payload.integer(at: 4))
        let flags = LinkFlags(rawValue: try payload.integer(at: 8))
        isUp = flags.contains(.up)
        isLoopback = flags.contains(.loopback)
        isPromiscuous = flags.contains(.promiscuous)
        name = ""
        mtu = 0
        operationalState = .unknown
        try payload.forEachAttribute(from: LinkHeader.length) { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_IFNAME): name = value.string
            case AttributeType(IFLA_ADDRESS): mac = MACAddress(bytes: value)
            case AttributeType(IFLA_MTU): mtu = try value.integer()
            case AttributeType(IFLA_MASTER): master = InterfaceIndex(rawValue: try value.integer())
            case AttributeType(IFLA_LINK): peer = InterfaceIndex(rawValue: try value.integer())
            case AttributeType(IFLA_LINK_NETNSID): peerNamespace = try value.integer()
            case AttributeType(IFLA_IFALIAS): alias = value.string
            case AttributeType(IFLA_OPERSTATE):
                operationalState = OperationalState(rawValue: try value.integer()) ?? .unknown
            case AttributeType(IFLA_LINKINFO): try readLinkInfo(value)
            default: break
            }
        }
    }

    private mutating func readLinkInfo(_ info: Span<UInt8>) throws(SystemError) {
        var portKind: String?
        try info.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_INFO_KIND): kind = value.string
            case AttributeType(IFLA_INFO_DATA) where kind == "bridge": bridge = try BridgeOptions(reading: value)
            case AttributeType(IFLA_INFO_DATA) where kind == "vxlan": vxlan = try VXLANOptions(reading: value)
            case AttributeType(IFLA_INFO_SLAVE_KIND): portKind = value.string
            case AttributeType(IFLA_INFO_SLAVE_DATA) where portKind == "bridge":
                port = try BridgePortOptions(reading: value)
            default: break
            }
        }
    }
}

extension BridgeOptions {
    init(reading data: Span<UInt8>) throws(SystemError) {
        self.init()
        try data.forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(IFLA_BR_VLAN_FILTERING) { filtersVLANs = try value.integer(as: UInt8.self) != 0 }
        }
    }
}

extension BridgePortOptions {
    init(reading data: Span<UInt8>) throws(SystemError) {
        self.init()
        try data.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_BRPORT_MODE): isHairpin = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_BRPORT_ISOLATED): isIsolated = try value.integer(as: UInt8.self) != 0
            default: break
            }
        }
    }
}
