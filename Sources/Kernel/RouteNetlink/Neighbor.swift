package import Addressing
import CLinux
import LinuxSystem
import Netlink

/// An entry that says where frames for an address go: `struct ndmsg`.
package struct Neighbor: Hashable, Sendable {
    /// Where the entry is.
    package enum Table: Hashable, Sendable {
        /// IP addresses on the link, and the MAC addresses that they have.
        case neighbors
        /// A VXLAN's own MAC addresses, and the hosts behind which they are: `AF_BRIDGE` with `NTF_SELF`.
        case forwarding
    }

    package let table: Table
    package let device: InterfaceIndex
    /// The neighbour, or the host that frames for the MAC address are sent to.
    package let address: IPAddress
    /// Of all zeros in the forwarding table: wherever no other entry says, and broadcast.
    package let mac: MACAddress
    /// In the forwarding table: the link that frames leave by, which a multicast address needs; nil leaves it to routing.
    package let underlay: InterfaceIndex?
    /// In the forwarding table: the UDP port of the host; nil for that of the VXLAN.
    package let port: UInt16?
    /// In the forwarding table: the network identifier at the host; nil for that of the VXLAN.
    package let id: UInt32?
    /// Neither learned nor ageing.
    package let isPermanent: Bool

    /// Makes a permanent entry.
    package init(
        _ table: Table, on device: InterfaceIndex, _ address: IPAddress, is mac: MACAddress,
        through underlay: InterfaceIndex? = nil
    ) {
        self.table = table
        self.device = device
        self.address = address
        self.mac = mac
        self.underlay = underlay
        port = nil
        id = nil
        isPermanent = true
    }

    /// Reads the payload of `RTM_NEWNEIGH`; nil for what has not both addresses, and for what is another table's.
    init?(_ table: Table, reading payload: Span<UInt8>) throws(SystemError) {
        let family: UInt8 = try payload.integer()
        let flags: UInt8 = try payload.integer(at: 10)
        switch table {
        case .neighbors: guard family != UInt8(AF_BRIDGE) else { return nil }
        case .forwarding: guard family == UInt8(AF_BRIDGE), flags & UInt8(NTF_SELF) != 0 else { return nil }
        }
        var address: IPAddress?
        var mac: MACAddress?
        var underlay: InterfaceIndex?
        var port: UInt16?
        var id: UInt32?
        try payload.forEachAttribute(from: NeighborHeader.length) { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(NDA_DST): address = IPAddress(bytes: value)
            case AttributeType(NDA_LLADDR): mac = MACAddress(bytes: value)
            case AttributeType(NDA_IFINDEX): underlay = InterfaceIndex(rawValue: try value.integer())
            case AttributeType(NDA_PORT): port = UInt16(bigEndian: try value.integer())
            case AttributeType(NDA_VNI): id = try value.integer()
            default: break
            }
        }
        guard let address, let mac else { return nil }
        self.table = table
        device = InterfaceIndex(rawValue: try payload.integer(at: 4))
        self.address = address
        self.mac = mac
        self.underlay = underlay
        self.port = port
        self.id = id
        isPermanent = try payload.integer(at: 8, as: UInt16.self) & UInt16(NUD_PERMANENT) != 0
    }

    func message(type: Int, flags: NetlinkFlags) -> NetlinkMessage {
        let header =
            switch table {
            case .neighbors:
                NeighborHeader(
                    family: (address.family as AddressFamily?).wireValue, index: device, state: UInt16(NUD_PERMANENT))
            case .forwarding:
                NeighborHeader(
                    family: UInt8(AF_BRIDGE), index: device, state: UInt16(NUD_PERMANENT), flags: UInt8(NTF_SELF))
            }
        var message = NetlinkMessage(type: UInt16(type), flags: flags, header: header)
        message.append(AttributeType(NDA_DST), bytes: address.bytes)
        message.append(AttributeType(NDA_LLADDR), bytes: mac.bytes)
        if let underlay { message.append(AttributeType(NDA_IFINDEX), underlay.rawValue) }
        if let port { message.append(AttributeType(NDA_PORT), port.bigEndian) }
        if let id { message.append(AttributeType(NDA_VNI), id) }
        return message
    }
}
