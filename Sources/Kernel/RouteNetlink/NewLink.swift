package import Addressing
import CLinux
import Netlink

/// A link to be made, whatever its kind; nil means the kernel's default.
///
/// An alias and the settings as a port of a bridge are not in it, which the kernel takes only of a link that is there.
package struct NewLink: Sendable {
    package var name: String
    /// Bytes of payload in a frame.
    package var mtu: UInt32?
    package var mac: MACAddress?
    /// The link that it is made on, in the namespace of the socket: `IFLA_LINK`.
    package var parent: InterfaceIndex?
    /// The bridge it becomes a port of.
    package var master: InterfaceIndex?
    package var isUp = false
    /// Frames; 0 makes the link queueless.
    package var transmitQueueLength: UInt32?
    /// Whether the link has room for one queue in each direction, and not for one for each processor.
    ///
    /// A veth uses one all the same, unless ethtool(8) asks for more, and to make and remove the others in sysfs takes
    /// the kernel longer the more processors there are.
    package var hasSingleQueue = false
    /// The number that it is to have, `EEXIST` when another link of the namespace has it; nil lets the kernel choose.
    package var index: InterfaceIndex?

    package init(name: String) {
        self.name = name
    }

    var header: LinkHeader {
        var header = LinkHeader(index: index)
        if isUp { header.set(.up, true) }
        return header
    }

    func encode(into message: inout NetlinkMessage) {
        message.append(AttributeType(IFLA_IFNAME), string: name)
        message.append(mtu: mtu, mac: mac, master: master)
        if let parent { message.append(AttributeType(IFLA_LINK), parent.rawValue) }
        if let transmitQueueLength { message.append(AttributeType(IFLA_TXQLEN), transmitQueueLength) }
        if hasSingleQueue {
            message.append(AttributeType(IFLA_NUM_TX_QUEUES), UInt32(1))
            message.append(AttributeType(IFLA_NUM_RX_QUEUES), UInt32(1))
        }
    }
}

extension NetlinkMessage {
    /// Appends what both a new link and one that is there take.
    mutating func append(mtu: UInt32?, mac: MACAddress?, master: InterfaceIndex?) {
        if let mtu { append(AttributeType(IFLA_MTU), mtu) }
        if let mac { append(AttributeType(IFLA_ADDRESS), bytes: mac.bytes) }
        if let master { append(AttributeType(IFLA_MASTER), master.rawValue) }
    }
}
