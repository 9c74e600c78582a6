import CLinux
package import LinuxSystem
import Netlink

extension RouteSocket {
    /// The qdisc at the root of a device, or that for what arrives at it.
    ///
    /// - Returns: nil where there is none but the kernel's own.
    /// - Throws: what the kernel answered.
    package mutating func qdisc(
        at parent: TrafficHandle, of device: InterfaceIndex
    ) throws(SystemError) -> PresentQdisc? {
        let message = NetlinkMessage(
            type: UInt16(RTM_GETQDISC), flags: [.echo, .acknowledge], header: TrafficHeader(device, parent: parent))
        do throws(SystemError) {
            // Of some of the kernel's own it tells an error, of others nothing but an acknowledgement; the rest have no number.
            return try query(NetlinkRequest(message, "find qdisc")) { (_, payload) throws(SystemError) in
                try PresentQdisc(reading: payload)
            }.first { $0.device == device && $0.handle != .none }
        } catch  where error.code == .noSuchFile || error.code == .invalidArgument {
            return nil
        }
    }

    /// Deletes a qdisc with all that is in it; one that is gone is no error.
    package mutating func deleteQdisc(
        _ handle: TrafficHandle, at parent: TrafficHandle, of link: Link
    ) throws(SystemError) {
        do throws(SystemError) {
            try perform(.delete(qdisc: handle, at: parent, of: link))
        } catch  where [.noSuchDevice, .noSuchFile, .invalidArgument].contains(error.code) {}
    }

    /// The classes of a device.
    package mutating func classes(of device: InterfaceIndex) throws(SystemError) -> [PresentClass] {
        let message = NetlinkMessage(type: UInt16(RTM_GETTCLASS), flags: .dump, header: TrafficHeader(device))
        return try query(NetlinkRequest(message, "list traffic classes")) { (_, payload) throws(SystemError) in
            try PresentClass(reading: payload)
        }
    }

    /// Whether a qdisc has filters of any kind.
    package mutating func hasFilters(
        of device: InterfaceIndex, at parent: TrafficHandle
    ) throws(SystemError) -> Bool {
        let message = NetlinkMessage(
            type: UInt16(RTM_GETTFILTER), flags: .dump, header: TrafficHeader(device, parent: parent))
        return try !query(NetlinkRequest(message, "list traffic filters")) { (type, _) in type }.isEmpty
    }

    /// The filters of a qdisc that this suite knows, in their order.
    package mutating func filters(
        of device: InterfaceIndex, at parent: TrafficHandle
    ) throws(SystemError) -> [PresentFilter] {
        let message = NetlinkMessage(
            type: UInt16(RTM_GETTFILTER), flags: .dump, header: TrafficHeader(device, parent: parent))
        return try query(NetlinkRequest(message, "list traffic filters")) { (_, payload) throws(SystemError) in
            try PresentFilter(reading: payload)
        }
    }
}
