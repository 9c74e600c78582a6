import Addressing
import CLinux
import LinuxSystem
import Netlink

/// What was added, changed or deleted; which of these, nobody is told who looks for himself anyway.
package enum RouteEvent: Hashable, Sendable {
    case link(InterfaceIndex, name: String)
    /// An address of an interface.
    case address(of: InterfaceIndex)
    /// By the first of its next hops.
    case route(Route)
    /// An entry of an interface, of either table.
    case neighbor(on: InterfaceIndex)

    /// Reads a message of a group; nil for what is none of these.
    init?(_ type: UInt16, _ payload: Span<UInt8>) throws(SystemError) {
        switch Int(type) {
        case RTM_NEWLINK, RTM_DELLINK:
            var name = ""
            try payload.forEachAttribute(from: LinkHeader.length) { (type, value) throws(SystemError) in
                if type == AttributeType(IFLA_IFNAME) { name = value.string }
            }
            self = .link(InterfaceIndex(rawValue: try payload.integer(at: 4)), name: name)
        case RTM_NEWADDR, RTM_DELADDR:
            self = .address(of: InterfaceIndex(rawValue: try payload.integer(at: 4)))
        case RTM_NEWNEIGH, RTM_DELNEIGH:
            self = .neighbor(on: InterfaceIndex(rawValue: try payload.integer(at: 4)))
        case RTM_NEWROUTE, RTM_DELROUTE:
            guard let route = try Route.first(payload) else { return nil }
            self = .route(route)
        default:
            return nil
        }
    }
}
