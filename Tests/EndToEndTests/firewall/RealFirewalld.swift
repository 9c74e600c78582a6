import LinuxSystem
import TestSupport

/// Debian's firewalld, which `Tests/unpack` has put below `.build/unpacked`, as the firewall of a test host.
final class RealFirewalld: Sendable {
    let bus: MessageBus
    private let program: RunningProgram

    private static let folder = Repository.path(".build/unpacked/firewalld")
    private static let python = "/usr/bin/python3"

    static let isAvailable =
        MessageBus.isAvailable && File.isRegular("\(folder)/usr/sbin/firewalld") && File.isRegular(python)

    /// Returns once it runs, with its zones as Debian has them.
    init(on host: TestHost) throws {
        let folder = Self.folder
        let own = "\(host.directory.path)/firewalld"
        try host.run("cp", "-r", "\(folder)/etc/firewalld", own)
        let bus = try MessageBus(on: host)
        program = try bus.start("org.fedoraproject.FirewallD1") {
            try RunningProgram(
                host.launcher + [
                    Self.python, "\(folder)/usr/sbin/firewalld", "--nofork", "--nopid",
                    "--default-config", "\(folder)/usr/lib/firewalld", "--system-config", own,
                    "--log-file", "\(own)/log",
                ],
                [
                    "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
                    "PYTHONPATH": "\(folder)/usr/lib/python3/dist-packages",
                    "LD_LIBRARY_PATH": "\(folder)/usr/lib/x86_64-linux-gnu",
                    "GI_TYPELIB_PATH": "\(folder)/usr/lib/x86_64-linux-gnu/girepository-1.0",
                ], in: host.namespace)
        }
        self.bus = bus
    }

    deinit {
        program.end()
    }
}
