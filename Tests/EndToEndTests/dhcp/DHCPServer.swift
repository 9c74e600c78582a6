import LinuxSystem
import TestSupport

/// A DHCP server of Debian's, on a host's bridge.
enum DHCPServer: String, CaseIterable {
    case dnsmasq
    case isc = "dhcpd"

    private var path: String { Repository.path(".build/dhcp-servers/usr/sbin/\(rawValue)") }

    /// Whether `Tests/dhcp-servers/prepare` was run.
    static let areAvailable = allCases.allSatisfy { File.isRegular($0.path) }

    /// What it serves.
    struct Settings {
        var range = ("10.9.0.50", "10.9.0.250")
        /// Seconds; dnsmasq makes at least two minutes of it.
        var leaseSeconds = 3600
        /// Seconds until renewal and rebinding, where they are not what follows from the lease.
        var renewal: (Int, Int)?
        /// In the server's own language.
        var more: [String] = []
    }

    /// Starts it, and waits until it serves; its leases are those that it left in the host's folder.
    func start(
        on host: TestHost, _ settings: Settings = Settings(), bridge: String = "br0"
    ) throws -> RunningProgram {
        let folder = host.directory.path
        switch self {
        case .dnsmasq:
            var words = [
                path, "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0", "--no-hosts",
                "--no-resolv", "--interface=\(bridge)", "--bind-interfaces", "--no-ping", "--log-dhcp",
                "--log-facility=-",
                "--dhcp-leasefile=\(folder)/leases", "--pid-file=", "--dhcp-lease-max=1000",
                "--dhcp-range=\(settings.range.0),\(settings.range.1),255.255.255.0,\(max(120, settings.leaseSeconds))",
            ]
            if let (renewal, rebinding) = settings.renewal {
                words += ["--dhcp-option-force=58,\(renewal)s", "--dhcp-option-force=59,\(rebinding)s"]
            }
            let server = try RunningProgram(words + settings.more, in: host.namespace)
            try server.wait(for: "sockets bound")
            return server
        case .isc:
            let times = settings.renewal.map { "option dhcp-renewal-time \($0.0); option dhcp-rebinding-time \($0.1);" }
            let configuration = """
                authoritative;
                ping-check false;
                default-lease-time \(settings.leaseSeconds);
                min-lease-time \(settings.leaseSeconds);
                max-lease-time \(settings.leaseSeconds);
                \(times ?? "")
                \(settings.more.joined(separator: "\n"))
                subnet 10.9.0.0 netmask 255.255.255.0 {
                    range \(settings.range.0) \(settings.range.1);
                    option routers 10.9.0.1;
                }

                """
            let file = try host.directory.write("dhcpd.conf", configuration)
            if host.directory.contents("leases") == nil { try host.directory.write("leases", "") }
            let server = try RunningProgram(
                [path, "-4", "-f", "-d", "-cf", file, "-lf", "\(folder)/leases", "--no-pid", bridge],
                in: host.namespace)
            try server.wait(for: "Server starting service")
            return server
        }
    }

    /// What it says when it acknowledges a lease, and when one is given back.
    static let acknowledges = "DHCPACK"
    static let isGivenBack = "DHCPRELEASE"
}
