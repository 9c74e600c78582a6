package import Addressing
import CLinux
package import LinuxSystem
package import Netlink

/// A route with all that the kernel says of it, which can lead by another interface just so: its table, metric, protocol,
/// source, metrics of TCP, and the time that it ends at.
package struct MovableRoute: Sendable {
    package let route: Route
    /// Whether its next hops are more than the one interface.
    package let hasOtherNextHops: Bool
    private var record: KernelRecord

    /// Reads the payload of `RTM_NEWROUTE`.
    init?(reading payload: Span<UInt8>) throws(SystemError) {
        guard let route = try Route.first(payload) else { return nil }
        self.route = route
        record = try KernelRecord(payload, headerLength: RouteHeader.length)
        hasOtherNextHops = record[RTA_MULTIPATH.rawValue] != nil || record[RTA_NH_ID.rawValue] != nil
        // What is left of the flags says how the link is at the moment.
        record.set(route.isOnLink ? UInt32(RTNH_F_ONLINK) : 0, at: 8)
        if let seconds = Self.secondsLeft(record, route.destination.family) {
            record[RTA_EXPIRES.rawValue] = KernelRecord.bytes(seconds)
        }
        record[RTA_CACHEINFO.rawValue] = nil
    }

    /// Makes the route by another link, behind others of its destination and metric.
    package func added(by link: Link) -> NetlinkRequest {
        NetlinkRequest(
            leading(by: link).message(type: RTM_NEWROUTE, flags: [.create, .append]), "add route", describing: route)
    }

    /// Deletes the route where it is.
    package func removed() -> NetlinkRequest {
        NetlinkRequest(record.message(type: RTM_DELROUTE, flags: []), "delete route", describing: route)
    }

    /// Whether a route leads where this one would by its link.
    package func isSame(as other: MovableRoute, by link: Link) -> Bool {
        var (own, present) = (leading(by: link), other.record)
        own[RTA_EXPIRES.rawValue] = nil
        present[RTA_EXPIRES.rawValue] = nil
        return own == present
    }

    private func leading(by link: Link) -> KernelRecord {
        var copy = record
        copy[RTA_OIF.rawValue] = KernelRecord.bytes(link.index.rawValue)
        return copy
    }

    /// `rta_expires` of `struct rta_cacheinfo` counts hundredths of a second, and is 0 for a route that stays.
    private static func secondsLeft(_ record: KernelRecord, _ family: AddressFamily) -> UInt32? {
        guard family == .v6, let ticks = record.number(RTA_CACHEINFO.rawValue, at: 8) else { return nil }
        let left = Int32(bitPattern: ticks)
        return left > 0 ? max(1, UInt32(left) / 100) : nil
    }
}

extension RouteSocket {
    /// The routes of all tables that lead by an interface, those aside that the kernel makes by itself.
    package mutating func movableRoutes(
        _ family: AddressFamily, by device: InterfaceIndex
    ) throws(SystemError) -> [MovableRoute] {
        let message = NetlinkMessage(type: UInt16(RTM_GETROUTE), flags: .dump, header: RouteHeader(family: family))
        let all: [[MovableRoute]] = try query(NetlinkRequest(message, "list routes")) {
            (_, payload) throws(SystemError) in
            guard try Route.list(payload).contains(where: { $0.device == device }),
                let route = try MovableRoute(reading: payload), route.route.origin != .kernel,
                route.route.table != Route.localTable
            else { return nil }
            return [route]
        }
        return all.flatMap { $0 }
    }
}
