package import Addressing
import CLinux
package import LinuxSystem
import Netlink

extension RouteSocket {
    /// Whether the namespace passes packets of a family on between its interfaces, or those that come by one of them.
    ///
    /// It is what `/proc/sys/net` says, where a path takes the longer to look up the more namespaces there are.
    package mutating func isForwarding(
        _ family: AddressFamily, by index: InterfaceIndex? = nil
    ) throws(SystemError) -> Bool {
        var message = NetlinkMessage(
            type: UInt16(RTM_GETNETCONF), flags: [], header: NetworkConfigurationHeader(family: family))
        message.append(AttributeType(NETCONFA_IFINDEX), index?.rawValue ?? Int32(NETCONFA_IFINDEX_ALL))
        let request = NetlinkRequest(message, "read forwarding of", "\(family)")
        return try query(request) { (_, payload) throws(SystemError) in
            var isOn: Bool?
            try payload.forEachAttribute(from: NetworkConfigurationHeader.length) { (type, value) throws(SystemError) in
                if type == AttributeType(NETCONFA_FORWARDING) { isOn = try value.integer(as: Int32.self) != 0 }
            }
            return isOn
        }.first ?? false
    }

    /// Switches forwarding on for a family where it is off; the socket has to be of the calling thread's namespace.
    package mutating func enableForwarding(_ family: AddressFamily) throws(SystemError) {
        guard try !isForwarding(family) else { return }
        switch family {
        case .v4: try Sysctl.set("net/ipv4/ip_forward", to: "1")
        case .v6: try Sysctl.set("net/ipv6/conf/all/forwarding", to: "1")
        }
    }
}

/// `struct netconfmsg` of linux/netconf.h, padded to where attributes begin.
private struct NetworkConfigurationHeader: NetlinkHeader {
    let family: AddressFamily?

    static let length = 4

    func encode(into message: inout NetlinkMessage) {
        message.append(field: family.wireValue)
        message.append(field: UInt8(0))
        message.append(field: UInt16(0))
    }
}
