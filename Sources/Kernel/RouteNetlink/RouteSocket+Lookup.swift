package import Addressing
import CLinux
package import LinuxSystem
import Netlink

extension RouteSocket {
    /// The interface by which packets of this host to an address leave; nil where there is no way there.
    package mutating func interface(towards address: IPAddress) throws(SystemError) -> InterfaceIndex? {
        let header = RouteHeader(family: address.family, destinationLength: address.family.bitWidth)
        var message = NetlinkMessage(type: UInt16(RTM_GETROUTE), flags: [], header: header)
        message.append(AttributeType(RTA_DST.rawValue), bytes: address.bytes)
        do throws(SystemError) {
            return try query(NetlinkRequest(message, "find route to", "\(address)")) {
                (_, payload) throws(SystemError) in
                try Route.first(payload)
            }.first?.device
        } catch  where [.networkUnreachable, .hostUnreachable, .noSuchProcess].contains(error.code) {
            return nil
        }
    }
}
