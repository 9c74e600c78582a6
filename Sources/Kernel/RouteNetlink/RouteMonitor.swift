import CLinux
package import LinuxSystem
import Netlink

/// Hears what happens to the links or addresses of a namespace.
package struct RouteMonitor: ~Copyable {
    private var socket: NetlinkSocket

    /// What there is to hear of: `enum rtnetlink_groups`.
    package enum Topic: Sendable {
        case links
        case ipv6Addresses

        fileprivate var group: Int {
            switch self {
            case .links: Int(RTNLGRP_LINK.rawValue)
            case .ipv6Addresses: Int(RTNLGRP_IPV6_IFADDR.rawValue)
            }
        }
    }

    /// Starts to listen in the calling thread's namespace; what happens from now on is not missed.
    package init(_ topic: Topic) throws(SystemError) {
        socket = try NetlinkSocket(.route, groups: [topic.group])
    }

    /// Starts to listen in another namespace.
    package init(_ topic: Topic, in namespace: borrowing NetworkNamespace) throws(SystemError) {
        socket = try NetlinkSocket(.route, in: namespace, groups: [topic.group])
    }

    /// Waits for an event that shows a link in a state, up to a deadline.
    ///
    /// It comes back as well when there were more events than the socket holds, so whoever waits looks again.
    ///
    /// - Returns: false when the deadline passed first.
    package mutating func wait(
        for index: InterfaceIndex, milliseconds: Int, until isReached: (Link) -> Bool
    ) throws(SystemError) -> Bool {
        try wait(milliseconds: milliseconds) { (type, payload) throws(SystemError) in
            guard type == UInt16(RTM_NEWLINK) else { return false }
            let link = try Link(reading: payload)
            return link.index == index && isReached(link)
        }
    }

    /// Waits for any event, up to a deadline; that events were lost is one.
    ///
    /// - Returns: false when the deadline passed first.
    package mutating func wait(milliseconds: Int) throws(SystemError) -> Bool {
        try wait(milliseconds: milliseconds) { (_, _) throws(SystemError) in true }
    }

    private mutating func wait(
        milliseconds: Int, _ isEnough: (UInt16, Span<UInt8>) throws(SystemError) -> Bool
    ) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try socket.waitForEvent(milliseconds: milliseconds, isEnough)
            return true
        } catch  where error.code == .timedOut {
            return false
        } catch  where error.code == .noBufferSpace {
            return true
        }
    }
}
