import CLinux
package import Netlink

extension NetlinkRequest {
    /// `ip route append`: other routes to the same destination stay; an identical one is `EEXIST`.
    package static func add(_ route: Route) -> NetlinkRequest {
        NetlinkRequest(route.message(type: RTM_NEWROUTE, flags: .create), "add route", describing: route)
    }

    /// `ip route add`: `EEXIST` when there is a route to the destination with the same priority.
    package static func addOnly(_ route: Route) -> NetlinkRequest {
        NetlinkRequest(route.message(type: RTM_NEWROUTE, flags: [.create, .exclusive]), "add route", describing: route)
    }

    /// `ip route replace`: takes the place of the route to the destination with the same priority, whosever that is.
    package static func replace(_ route: Route) -> NetlinkRequest {
        NetlinkRequest(
            route.message(type: RTM_NEWROUTE, flags: [.create, .replace]), "replace route", describing: route)
    }

    /// `ip route del`: one that agrees in all that the route says, its origin included; `ESRCH` when there is none.
    package static func delete(_ route: Route) -> NetlinkRequest {
        NetlinkRequest(route.message(type: RTM_DELROUTE, flags: []), "delete route", describing: route)
    }
}
