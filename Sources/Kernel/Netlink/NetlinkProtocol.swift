import CLinux

/// What a netlink socket speaks, as the third argument of socket(2).
public struct NetlinkProtocol: RawRepresentable, Hashable, Sendable {
    public let rawValue: CInt

    public init(rawValue: CInt) {
        self.rawValue = rawValue
    }

    /// Links, addresses, routes, neighbours: rtnetlink(7).
    public static let route = NetlinkProtocol(rawValue: NETLINK_ROUTE)
    /// nf_tables and the rest of netfilter.
    public static let netfilter = NetlinkProtocol(rawValue: NETLINK_NETFILTER)
    /// The sockets of programs: sock_diag(7).
    public static let socketDiagnosis = NetlinkProtocol(rawValue: NETLINK_SOCK_DIAG)
}
