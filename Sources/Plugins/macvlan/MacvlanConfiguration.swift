import Addressing
import CNI
import JSON
import LinuxSystem
import PluginKit
import RouteNetlink

/// What the configuration says about the link, its master and its mode.
struct MacvlanConfiguration: LinkConfiguration {
    static let kind: String? = MacvlanOptions.kind

    private let master: MasterInterface
    private let options: MacvlanOptions
    /// Unless the runtime asks for another.
    private let mac: MACAddress?

    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        master = try MasterInterface(reader)
        let name: String = try reader.optional("mode") ?? ""
        guard let mode = MacvlanOptions.Mode(rawValue: name.isEmpty ? "bridge" : name) else {
            throw CNIError(
                .invalidConfiguration, "unknown macvlan mode: \"\(name)\"",
                details: "expected bridge, private, vepa or passthru")
        }
        let queueLength: UInt32 = try reader.optional("bcqueuelen") ?? 0
        options = MacvlanOptions(mode: mode, broadcastQueueLength: queueLength == 0 ? nil : queueLength)
        mac = try configuration.mac()
    }

    func makeLink(
        for invocation: Invocation, on host: inout RouteSocket, in container: inout ContainerSide,
        _ rollback: inout Rollback
    ) throws -> Link {
        var link = NewLink(name: invocation.interfaceName)
        link.mac = try invocation.requestedMAC() ?? mac
        return try master.make(link, options, on: &host, in: &container, for: invocation, &rollback)
    }

    func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) throws {
        if case .macvlan(let current) = link.kind, current.mode != options.mode {
            differences.note(
                "container macvlan mode \(current.mode?.rawValue ?? "unknown") does not match expected value: "
                    + "\(options.mode?.rawValue ?? "")")
        }
        try master.inspect(link, on: &host, in: &container, &differences)
    }

    func requireSupport(on host: inout RouteSocket) throws {
        try host.requireCreatable(options)
        try master.requireUsable(on: &host)
    }
}
