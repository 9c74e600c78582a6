package import Addressing
import CLinux
package import LinuxSystem
import Netlink

extension RouteSocket {
    /// `ip route get ADDRESS`: how packets of this host to an address leave, and what they come from.
    ///
    /// - Returns: nil where there is no way there.
    /// - Throws: what the kernel answered.
    package mutating func way(to address: IPAddress) throws(SystemError) -> Route? {
        let header = RouteHeader(family: address.family, destinationLength: address.family.bitWidth)
        var message = NetlinkMessage(type: UInt16(RTM_GETROUTE), flags: [], header: header)
        message.append(AttributeType(RTA_DST.rawValue), bytes: address.bytes)
        do throws(SystemError) {
            return try query(NetlinkRequest(message, "find the way to", "\(address)")) {
                (_, payload) throws(SystemError) in
                try Route.first(payload)
            }.first
        } catch  where [.networkUnreachable, .hostUnreachable, .noSuchProcess].contains(error.code) {
            return nil
        }
    }
}
