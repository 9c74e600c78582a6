package import Addressing
import CLinux
import Netlink

/// What becomes of a link that is there; nil means "as it is".
package struct LinkChange: Sendable {
    /// The link has to be down for it, before Linux 6.2.
    package var name: String?
    /// Bytes of payload in a frame.
    package var mtu: UInt32?
    package var mac: MACAddress?
    /// The bridge it becomes a port of; `noInterface` for none.
    package var master: InterfaceIndex?
    package var isUp: Bool?
    package var isPromiscuous: Bool?
    /// Whether frames of all groups are taken.
    package var isAllMulticast: Bool?
    /// Frames.
    package var transmitQueueLength: UInt32?
    /// `arp_notify`: whether a gratuitous ARP request tells neighbours of a new MAC address.
    package var announcesAddresses: Bool?
    /// `ifalias`, at most 254 bytes; none when empty.
    package var alias: String?
    /// Settings of its kind, which has to be this one.
    package var options: (any LinkOptions)?
    /// Settings as a port of a bridge, which it has to be.
    package var port: BridgePortOptions?

    package init() {}

    var header: LinkHeader {
        var header = LinkHeader()
        header.set(.up, isUp)
        header.set(.promiscuous, isPromiscuous)
        header.set(.allMulticast, isAllMulticast)
        return header
    }

    func encode(into message: inout NetlinkMessage) {
        if let name { message.append(AttributeType(IFLA_IFNAME), string: name) }
        message.append(mtu: mtu, mac: mac, master: master)
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
        if let alias { message.append(AttributeType(IFLA_IFALIAS), string: alias) }
        guard options != nil || port != nil else { return }
        message.nest(AttributeType(IFLA_LINKINFO)) { message in
            options?.encodeInfo(into: &message)
            port?.encodeInfo(into: &message)
        }
    }
}
