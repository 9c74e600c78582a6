package import Addressing
import CLinux
import LinuxSystem
import Netlink

/// A network interface as the kernel describes it.
package struct Link: Hashable, Sendable {
    package var index: InterfaceIndex
    package var name: String
    package var kind: Kind
    package var mac: MACAddress?
    /// Bytes of payload in a frame.
    package var mtu: UInt32
    /// What an administrator asked for, whatever the carrier does.
    package var isUp: Bool
    package var isLoopback: Bool
    /// Whether an administrator asked for it; ports of a bridge are promiscuous without this flag.
    package var isPromiscuous: Bool
    /// Whether an administrator asked for the frames of all groups.
    package var isAllMulticast: Bool
    /// Frames.
    package var transmitQueueLength: UInt32
    /// RFC 2863.
    package var operationalState: OperationalState
    /// The link that it is made on, such as that of a VLAN; nil for the other end of a pair, which its kind tells.
    package var parent: LinkReference?
    /// The bridge that it is a port of.
    package var master: InterfaceIndex?
    package var alias: String?
    /// Where the link is a port of a bridge, its settings there.
    package var port: BridgePortOptions?

    /// `IFLA_OPERSTATE`, as in RFC 2863.
    package enum OperationalState: UInt8, Sendable {
        case unknown, notPresent, down, lowerLayerDown, testing, dormant, up
    }

    /// Reads the payload of `RTM_NEWLINK`.
    init(reading payload: Span<UInt8>) throws(SystemError) {
        index = InterfaceIndex(rawValue: try payload.integer(at: 4))
        let flags = LinkFlags(rawValue: try payload.integer(at: 8))
        isUp = flags.contains(.up)
        isLoopback = flags.contains(.loopback)
        isPromiscuous = flags.contains(.promiscuous)
        isAllMulticast = flags.contains(.allMulticast)
        name = ""
        kind = .hardware
        mtu = 0
        transmitQueueLength = 0
        operationalState = .unknown
        var link: InterfaceIndex?
        var namespace: Int32?
        try payload.forEachAttribute(from: LinkHeader.length) { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_IFNAME): name = value.string
            case AttributeType(IFLA_ADDRESS): mac = MACAddress(bytes: value)
            case AttributeType(IFLA_MTU): mtu = try value.integer()
            case AttributeType(IFLA_TXQLEN): transmitQueueLength = try value.integer()
            case AttributeType(IFLA_MASTER): master = InterfaceIndex(rawValue: try value.integer())
            case AttributeType(IFLA_LINK): link = InterfaceIndex(rawValue: try value.integer())
            case AttributeType(IFLA_LINK_NETNSID): namespace = try value.integer()
            case AttributeType(IFLA_IFALIAS): alias = value.string
            case AttributeType(IFLA_OPERSTATE):
                operationalState = OperationalState(rawValue: try value.integer()) ?? .unknown
            case AttributeType(IFLA_LINKINFO): port = try BridgePortOptions(readingInfo: value)
            default: break
            }
        }
        // Once more, since the attributes about another link come before and behind this one.
        let other = link.map { LinkReference(index: $0, namespace: namespace) }
        try payload.forEachAttribute(from: LinkHeader.length) { (type, value) throws(SystemError) in
            if type == AttributeType(IFLA_LINKINFO) { kind = try Kind(readingInfo: value, leadingTo: other) }
        }
        if case .veth = kind {} else { parent = other }
    }
}

/// A link that another one leads to, which may be in another namespace: `IFLA_LINK`, `IFLA_LINK_NETNSID`.
package struct LinkReference: Hashable, Sendable {
    /// In its own namespace.
    package let index: InterfaceIndex
    /// This namespace's number for that of the link, where it is another.
    package let namespace: Int32?
}
