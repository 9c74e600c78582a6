import Addressing
import CLinux
import LinuxSystem
import Netlink

/// `struct ifinfomsg`.
struct LinkHeader: NetlinkHeader {
    /// `AF_BRIDGE` for what a bridge keeps about its ports.
    var family = UInt8(AF_UNSPEC)
    var index: InterfaceIndex?
    /// `ifi_flags`, those of `changed` only.
    var flags: LinkFlags = []
    var changed: LinkFlags = []

    static let length = 16

    func encode(into message: inout NetlinkMessage) {
        message.append(field: family)
        message.append(field: UInt8(0))
        message.append(field: UInt16(0))
        message.append(field: index?.rawValue ?? 0)
        message.append(field: flags.rawValue)
        message.append(field: changed.rawValue)
    }

    /// Has a flag changed; nil leaves it as it is.
    mutating func set(_ flag: LinkFlags, _ value: Bool?) {
        guard let value else { return }
        changed.insert(flag)
        if value { flags.insert(flag) }
    }
}

/// `struct ifaddrmsg`.
struct AddressHeader: NetlinkHeader {
    var family: AddressFamily?
    var prefixLength = 0
    var index: InterfaceIndex?

    static let length = 8

    func encode(into message: inout NetlinkMessage) {
        message.append(field: family.wireValue)
        message.append(field: UInt8(truncatingIfNeeded: prefixLength))
        message.append(field: UInt8(0))
        message.append(field: UInt8(RT_SCOPE_UNIVERSE.rawValue))
        message.append(field: index?.rawValue ?? 0)
    }
}

/// `struct rtmsg`.
struct RouteHeader: NetlinkHeader {
    var family: AddressFamily?
    var destinationLength = 0
    var protocolNumber: UInt8 = 0
    var scope: UInt8 = 0
    var type: UInt8 = 0
    /// `RTNH_F_…`.
    var flags: UInt32 = 0

    static let length = 12

    func encode(into message: inout NetlinkMessage) {
        message.append(field: family.wireValue)
        message.append(field: UInt8(truncatingIfNeeded: destinationLength))
        message.append(field: UInt8(0))
        message.append(field: UInt8(0))
        // The table goes into RTA_TABLE, which has room for all numbers.
        message.append(field: UInt8(RT_TABLE_UNSPEC.rawValue))
        message.append(field: protocolNumber)
        message.append(field: scope)
        message.append(field: type)
        message.append(field: flags)
    }
}

/// `struct ndmsg`.
struct NeighborHeader: NetlinkHeader {
    /// `AF_INET`, `AF_INET6` or `AF_BRIDGE`.
    var family = UInt8(AF_UNSPEC)
    var index: InterfaceIndex?
    /// `NUD_…`.
    var state: UInt16 = 0
    /// `NTF_…`.
    var flags: UInt8 = 0

    static let length = 12

    func encode(into message: inout NetlinkMessage) {
        message.append(field: family)
        message.append(field: UInt8(0))
        message.append(field: UInt16(0))
        message.append(field: index?.rawValue ?? 0)
        message.append(field: state)
        message.append(field: flags)
        message.append(field: UInt8(0))
    }
}

/// `struct tcmsg`.
struct TrafficHeader: NetlinkHeader {
    var device: InterfaceIndex
    var handle = TrafficHandle.none
    var parent = TrafficHandle.none
    /// Of a filter: its priority, and the protocol in network order.
    var info: UInt32 = 0

    static let length = 20

    init(_ device: InterfaceIndex, handle: TrafficHandle = .none, parent: TrafficHandle = .none, info: UInt32 = 0) {
        self.device = device
        self.handle = handle
        self.parent = parent
        self.info = info
    }

    init(reading payload: Span<UInt8>) throws(SystemError) {
        device = InterfaceIndex(rawValue: try payload.integer(at: 4))
        handle = TrafficHandle(rawValue: try payload.integer(at: 8))
        parent = TrafficHandle(rawValue: try payload.integer(at: 12))
        info = try payload.integer(at: 16)
    }

    func encode(into message: inout NetlinkMessage) {
        message.append(field: UInt32(AF_UNSPEC))
        message.append(field: device.rawValue)
        message.append(field: handle.rawValue)
        message.append(field: parent.rawValue)
        message.append(field: info)
    }
}

/// `ifi_flags`.
struct LinkFlags: OptionSet {
    let rawValue: UInt32

    static let up = LinkFlags(rawValue: UInt32(IFF_UP))
    static let loopback = LinkFlags(rawValue: UInt32(IFF_LOOPBACK))
    static let promiscuous = LinkFlags(rawValue: UInt32(IFF_PROMISC))
    static let allMulticast = LinkFlags(rawValue: UInt32(IFF_ALLMULTI))
}

extension AddressFamily? {
    var wireValue: UInt8 {
        switch self {
        case nil: UInt8(AF_UNSPEC)
        case .v4: UInt8(AF_INET)
        case .v6: UInt8(AF_INET6)
        }
    }
}
