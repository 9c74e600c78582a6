import CLinux
package import LinuxSystem
import Netlink

/// Hears what happens to the links, addresses, routes and neighbours of a namespace.
package struct RouteMonitor: ~Copyable {
    private var socket: NetlinkSocket

    /// What there is to hear of: `enum rtnetlink_groups`.
    package enum Topic: Sendable {
        case links
        case ipv4Addresses
        case ipv6Addresses
        case ipv4Routes
        case ipv6Routes
        /// The forwarding entries of VXLANs and bridges included.
        case neighbors

        fileprivate var group: Int {
            switch self {
            case .links: Int(RTNLGRP_LINK.rawValue)
            case .ipv4Addresses: Int(RTNLGRP_IPV4_IFADDR.rawValue)
            case .ipv6Addresses: Int(RTNLGRP_IPV6_IFADDR.rawValue)
            case .ipv4Routes: Int(RTNLGRP_IPV4_ROUTE.rawValue)
            case .ipv6Routes: Int(RTNLGRP_IPV6_ROUTE.rawValue)
            case .neighbors: Int(RTNLGRP_NEIGH.rawValue)
            }
        }
    }

    /// Starts to listen in the calling thread's namespace; what happens from now on is not missed.
    package init(_ topics: Topic...) throws(SystemError) {
        socket = try NetlinkSocket(.route, groups: topics.map(\.group))
    }

    /// Starts to listen in another namespace.
    package init(_ topics: Topic..., in namespace: borrowing NetworkNamespace) throws(SystemError) {
        socket = try NetlinkSocket(.route, in: namespace, groups: topics.map(\.group))
    }

    /// What poll(2) says that there is something to hear by; only for that.
    package var descriptorNumber: CInt { socket.descriptorNumber }

    /// Hears what has happened since the last time, without waiting.
    ///
    /// - Parameter body: takes each event, in the kernel's order.
    /// - Returns: false when there were more events than the socket holds, so that whoever listens looks for itself;
    ///   what is left of them comes the next time.
    /// - Throws: what the kernel refused; `EBADMSG` for what is no event.
    package mutating func takeEvents(_ body: (RouteEvent) -> Void) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try socket.takeEvents { (type, payload) throws(SystemError) in
                if let event = try RouteEvent(type, payload) { body(event) }
            }
            return true
        } catch  where error.code == .noBufferSpace {
            return false
        }
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
