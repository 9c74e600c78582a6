public import Addressing
public import LinuxSystem

/// Whether this host passes packets on between its interfaces.
public enum Forwarding {
    /// Switches it on for a family.
    public static func enable(_ family: AddressFamily) throws(SystemError) {
        switch family {
        case .v4: try Sysctl.ensure("net/ipv4/ip_forward", is: "1")
        case .v6: try Sysctl.ensure("net/ipv6/conf/all/forwarding", is: "1")
        }
    }
}
