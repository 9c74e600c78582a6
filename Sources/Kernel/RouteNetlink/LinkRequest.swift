public import Addressing
import CLinux
public import LinuxSystem
public import Netlink

/// What a link should be, for creating or changing one; nil means "as it is", or the kernel's default.
public struct LinkRequest: Sendable {
    public var name: String?
    /// Bytes of payload in a frame.
    public var mtu: UInt32?
    public var mac: MACAddress?
    /// The bridge it becomes a port of.
    public var master: InterfaceIndex?
    public var isUp: Bool?
    public var isPromiscuous: Bool?
    /// Frames; 0 makes the link queueless.
    public var transmitQueueLength: UInt32?
    /// Whether a new link has room for one queue in each direction, and not for one for each processor.
    ///
    /// A veth uses one all the same, unless ethtool(8) asks for more, and to make and remove the others in sysfs takes
    /// the kernel longer the more processors there are.
    public var hasSingleQueue = false
    /// `arp_notify`: whether a gratuitous ARP request tells neighbours of a new MAC address.
    public var announcesAddresses: Bool?
    /// `ifalias`, at most 255 bytes, which the kernel takes of a link that is there and not of one in the making.
    public var alias: String?
    /// Settings as a bridge.
    public var bridge: BridgeOptions?
    /// Settings as a port of a bridge; only for changing a link that is one.
    public var port: BridgePortOptions?

    public init(name: String? = nil) {
        self.name = name
    }

    fileprivate var header: LinkHeader {
        var header = LinkHeader()
        header.set(.up, isUp)
        header.set(.promiscuous, isPromiscuous)
        return header
    }

    fileprivate func encode(into message: inout NetlinkMessage) {
        if let name { message.append(AttributeType(IFLA_IFNAME), string: name) }
        if let mtu { message.append(AttributeType(IFLA_MTU), mtu) }
        if let mac { message.append(AttributeType(IFLA_ADDRESS), bytes: mac.bytes) }
        if let master { message.append(AttributeType(IFLA_MASTER), master.rawValue) }
        if let transmitQueueLength { message.append(AttributeType(IFLA_TXQLEN), transmitQueueLength) }
        if let announcesAddresses {
            message.nest(AttributeType(IFLA_AF_SPEC)) { message in
                message.nest(AttributeType(AF_INET)) { message in
                    message.nest(AttributeType(IFLA_INET_CONF)) { message in
                        message.append(
                            AttributeType(IPV4_DEVCONF_ARP_NOTIFY), UInt32(announcesAddresses ? 1 : 0))
                    }
                }
            }
        }
        if hasSingleQueue {
            message.append(AttributeType(IFLA_NUM_TX_QUEUES), UInt32(1))
            message.append(AttributeType(IFLA_NUM_RX_QUEUES), UInt32(1))
        }
        if let alias { message.append(AttributeType(IFLA_IFALIAS), string: alias) }
    }

    /// What a change of the link says in `IFLA_LINKINFO`.
    fileprivate func encodeOptions(into message: inout NetlinkMessage) {
        guard bridge != nil || port != nil else { return }
        message.nest(AttributeType(IFLA_LINKINFO)) { message in
            if let bridge {
                message.append(AttributeType(IFLA_INFO_KIND), string: "bridge")
                message.nest(AttributeType(IFLA_INFO_DATA)) { bridge.encode(into: &$0) }
            }
            if let port {
                message.append(AttributeType(IFLA_INFO_SLAVE_KIND), string: "bridge")
                message.nest(AttributeType(IFLA_INFO_SLAVE_DATA)) { port.encode(into: &$0) }
            }
        }
    }
}

/// Settings of a bridge, `IFLA_BR_…`.
public struct BridgeOptions: Hashable, Sendable {
    /// Whether frames pass only between ports that are in the same VLAN.
    ///
    /// A kernel without VLAN filtering passes over it, and refuses its ports' VLANs.
    public var filtersVLANs: Bool?

    public init(filtersVLANs: Bool? = nil) {
        self.filtersVLANs = filtersVLANs
    }

    fileprivate func encode(into message: inout NetlinkMessage) {
        if let filtersVLANs { message.append(AttributeType(IFLA_BR_VLAN_FILTERING), UInt8(filtersVLANs ? 1 : 0)) }
    }
}

/// Settings of a bridge's port, `IFLA_BRPORT_…`.
public struct BridgePortOptions: Hashable, Sendable {
    /// Frames may leave through the port that they came in by.
    public var isHairpin: Bool?
    /// Frames do not pass between isolated ports.
    public var isIsolated: Bool?

    public init(isHairpin: Bool? = nil, isIsolated: Bool? = nil) {
        self.isHairpin = isHairpin
        self.isIsolated = isIsolated
    }

    fileprivate func encode(into message: inout NetlinkMessage) {
        if let isHairpin { message.append(AttributeType(IFLA_BRPORT_MODE), UInt8(isHairpin ? 1 : 0)) }
        if let isIsolated { message.append(AttributeType(IFLA_BRPORT_ISOLATED), UInt8(isIsolated ? 1 : 0)) }
    }
}

extension NetlinkRequest {
    /// `ip link add NAME type bridge`.
    public static func createBridge(_ link: LinkRequest) -> NetlinkRequest {
        create(link, kind: "bridge") { message in
            message.nest(AttributeType(IFLA_INFO_DATA)) { (link.bridge ?? BridgeOptions()).encode(into: &$0) }
        }
    }

    /// `ip link add NAME type veth peer name PEER netns NAMESPACE`: each end appears where it belongs.
    ///
    /// The peer cannot be up from the start: the kernel answers `ENOTCONN`.
    public static func createVethPair(
        _ link: LinkRequest, peer: LinkRequest, in namespace: borrowing NetworkNamespace
    ) -> NetlinkRequest {
        createVethPair(link, peer: peer, in: namespace.descriptor.rawValue)
    }

    /// `ip link add NAME type veth peer name PEER`: both ends in the socket's namespace.
    public static func createVethPair(_ link: LinkRequest, peer: LinkRequest) -> NetlinkRequest {
        createVethPair(link, peer: peer, in: nil)
    }

    private static func createVethPair(
        _ link: LinkRequest, peer: LinkRequest, in namespace: Int32?
    ) -> NetlinkRequest {
        create(link, kind: "veth") { message in
            message.nest(AttributeType(IFLA_INFO_DATA)) { message in
                message.nest(AttributeType(VETH_INFO_PEER), header: peer.header) { message in
                    peer.encode(into: &message)
                    if let namespace { message.append(AttributeType(IFLA_NET_NS_FD), namespace) }
                }
            }
        }
    }

    /// `ip link set dev INDEX …`; the name is what errors call the link.
    public static func change(_ index: InterfaceIndex, _ name: String, to link: LinkRequest) -> NetlinkRequest {
        var header = link.header
        header.index = index
        return change(header, name, to: link)
    }

    /// `ip link set dev NAME …`, where the index is not known yet.
    public static func change(linkNamed name: String, to link: LinkRequest) -> NetlinkRequest {
        var named = link
        named.name = name
        return change(link.header, name, to: named)
    }

    /// `ip link del dev NAME`.
    public static func delete(linkNamed name: String) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_DELLINK), flags: [], header: LinkHeader())
        message.append(AttributeType(IFLA_IFNAME), string: name)
        return NetlinkRequest(message, "delete link", name)
    }

    static func create(
        _ link: LinkRequest, kind: String, _ data: (inout NetlinkMessage) -> Void
    ) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [.create, .exclusive], header: link.header)
        link.encode(into: &message)
        message.nest(AttributeType(IFLA_LINKINFO)) { message in
            message.append(AttributeType(IFLA_INFO_KIND), string: kind)
            data(&message)
        }
        return NetlinkRequest(message, "create \(kind)", link.name)
    }

    private static func change(_ header: LinkHeader, _ name: String, to link: LinkRequest) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [], header: header)
        link.encode(into: &message)
        link.encodeOptions(into: &message)
        return NetlinkRequest(message, "change link", name)
    }
}

extension LinkHeader {
    fileprivate mutating func set(_ flag: LinkFlags, _ value: Bool?) {
        guard let value else { return }
        changed.insert(flag)
        if value { flags.insert(flag) }
    }
}
