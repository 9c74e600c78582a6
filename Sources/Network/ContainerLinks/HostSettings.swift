import Addressing
import LinuxSystem
import Netlink
import RouteNetlink

/// What a host has on an interface that it can have on another one as well.
struct HostSettings: Sendable {
    /// Those of the link itself among them, which stay where they are when the others move.
    private(set) var addresses: [MovableAddress] = []
    private(set) var routes: [MovableRoute] = []
    private(set) var neighbors: [MovableNeighbor] = []

    /// None.
    init() {}

    /// Reads what the host has on a link, gateways for containers aside.
    init(on link: Link, of host: inout RouteSocket) throws(SystemError) {
        addresses = try host.movableAddresses(of: link.index).filter { !$0.assigned.isOurs }
        for family in AddressFamily.allCases {
            // What a gateway is reached by comes first.
            let all = try host.movableRoutes(family, by: link.index)
            routes += all.filter { $0.route.gateway == nil } + all.filter { $0.route.gateway != nil }
        }
        neighbors = try host.movableNeighbors(on: link.index)
    }

    /// Whether there is nothing to move.
    var isEmpty: Bool { routes.isEmpty && addresses.allSatisfy(\.isOfLink) }

    /// Sees that all of it can be moved and stays where it is moved to.
    ///
    /// - Throws: `EBUSY` with the reason.
    func requireMovable(from link: Link) throws(SystemError) {
        let hearsRouters = (try? Sysctl.value(of: "net/ipv6/conf/\(link.name)/accept_ra")) ?? "0" != "0"
        for assigned in addresses.map(\.assigned) where !assigned.isPermanent {
            guard assigned.address.address.family == .v4 || !hearsRouters else { continue }
            throw SystemError(
                "use uplink", link.name, .busy,
                explanation:
                    "it has \(assigned.address) for a limited time, which another program, such as a DHCP client, renews on "
                    + "this interface and not on the bridge; give the host an address for good, or have that program make "
                    + "the bridge with this interface as a port")
        }
        if let route = routes.first(where: \.hasOtherNextHops) {
            throw SystemError(
                "use uplink", link.name, .busy,
                explanation:
                    "the route \(route.route) has several next hops or one that other routes share, which cannot be moved"
            )
        }
    }

    /// Gives the addresses to another link, with the neighbours that are known.
    func assigning(to link: Link, from old: Link) -> [NetlinkRequest] {
        addresses.map { $0.added(to: link, from: old) } + neighbors.map { $0.added(to: link) }
    }

    /// Has the routes lead by another link, those aside that do already.
    func routing(by link: Link, beside present: HostSettings) -> [NetlinkRequest] {
        let missing = routes.filter { route in !present.routes.contains { route.isSame(as: $0, by: link) } }
        return missing.map { $0.added(by: link) }
    }

    /// Takes the routes away from where they lead.
    func withdrawing() -> [NetlinkRequest] { routes.map { $0.removed() } }

    /// Takes the addresses of a family from the link, but for its own.
    ///
    /// The last comes first, or those behind an IPv4 address of the same network would go with it.
    func unassigning(_ family: AddressFamily, from link: Link) -> [NetlinkRequest] {
        let own = addresses.filter { !$0.isOfLink && $0.address.address.family == family }
        return own.reversed().map { $0.removed(from: link) }
    }
}
