public import Addressing
public import LinuxSystem

/// Whether this host passes packets on between its interfaces.
public enum Forwarding {
    /// Switches it on for a family.
    public static func enable(_ family: AddressFamily) throws(SystemError) {
        try Sysctl.ensure(parameter(family), is: "1")
    }

    public static func isEnabled(_ family: AddressFamily) throws(SystemError) -> Bool {
        try Sysctl.value(of: parameter(family)) == "1"
    }

    private static func parameter(_ family: AddressFamily) -> String {
        switch family {
        case .v4: "net/ipv4/ip_forward"
        case .v6: "net/ipv6/conf/all/forwarding"
        }
    }
}
