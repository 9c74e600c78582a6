import CLinux
public import LinuxSystem
import Netlink

/// Hears what happens to the links of a namespace.
public struct LinkMonitor: ~Copyable {
    private var socket: NetlinkSocket

    /// Starts to listen in the calling thread's namespace; what happens from now on is not missed.
    public init() throws(SystemError) {
        socket = try NetlinkSocket(.route, groups: Self.groups)
    }

    /// Starts to listen in another namespace.
    public init(in namespace: borrowing NetworkNamespace) throws(SystemError) {
        socket = try NetlinkSocket(.route, in: namespace, groups: Self.groups)
    }

    private static let groups = [Int(RTNLGRP_LINK.rawValue)]

    /// Waits for an event that shows a link in a state, up to a deadline.
    ///
    /// - Returns: false when the deadline passed first.
    public mutating func wait(
        for index: InterfaceIndex, milliseconds: Int, until isReached: (Link) -> Bool
    ) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try socket.waitForEvent(milliseconds: milliseconds) { (type, payload) throws(SystemError) in
                guard type == UInt16(RTM_NEWLINK) else { return false }
                let link = try Link(reading: payload)
                return link.index == index && isReached(link)
            }
            return true
        } catch  where error.code == .timedOut {
            return false
        }
    }
}
