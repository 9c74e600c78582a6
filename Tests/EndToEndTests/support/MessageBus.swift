import DBus
import LinuxSystem
import TestSupport

/// Debian's dbus-daemon for one host, on which anybody may have any name.
final class MessageBus: Sendable {
    let socket: String
    private let daemon: RunningProgram

    static let isAvailable = Executables.find("dbus-daemon") != nil

    init(on host: TestHost) throws {
        socket = "\(host.directory.path)/bus"
        try host.directory.write(
            "bus.conf",
            """
            <busconfig>
              <type>system</type>
              <listen>unix:path=\(socket)</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow send_destination="*"/>
                <allow receive_sender="*"/>
                <allow own="*"/>
              </policy>
            </busconfig>
            """)
        daemon = try RunningProgram(
            ["dbus-daemon", "--nofork", "--print-address", "--config-file=\(host.directory.path)/bus.conf"],
            in: host.namespace)
        try daemon.wait(for: "unix:path=")
    }

    deinit {
        daemon.end()
    }

    /// For `DBUS_SYSTEM_BUS_ADDRESS`.
    var address: String { "unix:path=\(socket)" }

    /// Starts a service, and returns once it has its name.
    func start<Service>(_ name: String, _ service: () throws -> Service) throws -> Service {
        var bus = try DBusConnection.connected(toSocketAt: socket)
        let rule = "type='signal',member='NameOwnerChanged',arg0='\(name)'"
        _ = try bus.call(.toBus("AddMatch", .string(rule)))
        let started = try service()
        let deadline = MonotonicClock.milliseconds + 60_000
        while try bus.next(until: deadline).member != "NameOwnerChanged" {}
        return started
    }
}
