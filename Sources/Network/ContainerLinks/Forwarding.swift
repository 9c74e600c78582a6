public import Addressing
public import LinuxSystem
public import RouteNetlink

/// Whether this host passes packets on between its interfaces.
public enum Forwarding {
    /// Switches it on for a family, in the calling thread's namespace; writes nothing where it is on.
    public static func enable(_ family: AddressFamily, on host: inout RouteSocket) throws(SystemError) {
        guard try !host.isForwarding(family) else { return }
        switch family {
        case .v4: try Sysctl.set("net/ipv4/ip_forward", to: "1")
        case .v6: try Sysctl.set("net/ipv6/conf/all/forwarding", to: "1")
        }
    }
}
