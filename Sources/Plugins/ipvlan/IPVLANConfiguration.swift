import CNI
import JSON
import LinuxSystem
import PluginKit
import RouteNetlink

/// What the configuration says about the link, its master and its mode.
struct IPVLANConfiguration: LinkConfiguration {
    static let kind: String? = IPVLANOptions.kind

    private let master: MasterInterface
    private let options: IPVLANOptions

    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        let name: String = try reader.optional("mode") ?? ""
        guard let mode = IPVLANOptions.Mode(rawValue: name.isEmpty ? "l2" : name) else {
            throw CNIError(
                .invalidConfiguration, "unknown ipvlan mode: \"\(name)\"", details: "expected l2, l3 or l3s")
        }
        options = IPVLANOptions(mode: mode)
        master = try MasterInterface(reader)
    }

    /// A chain's earlier plugin may have made the master, and be the one that asked for addresses.
    func addresses(givenBefore invocation: Invocation) throws -> CNIResult? {
        guard try invocation.configuration.ipamType() == nil,
            let previous = try invocation.configuration.previousResult(), !previous.addresses.isEmpty
        else { return nil }
        return previous
    }

    func makeLink(
        for invocation: Invocation, on host: inout RouteSocket, in container: inout ContainerSide,
        _ rollback: inout Rollback
    ) throws -> Link {
        var master = master
        if master.name == nil, let previous = try invocation.configuration.previousResult() {
            guard previous.interfaces.count == 1, let name = previous.interfaces.first?.name, !name.isEmpty else {
                throw CNIError(
                    .invalidConfiguration, "chained master failure. PrevResult lacks a single named interface")
            }
            master.name = name
        }
        return try master.make(
            NewLink(name: invocation.interfaceName), options, on: &host, in: &container, for: invocation, &rollback)
    }

    func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) throws {
        if case .ipvlan(let current) = link.kind, current.mode != options.mode {
            differences.note(
                "Container IPVlan mode \(current.mode?.rawValue ?? "unknown") does not match expected value: "
                    + "\(options.mode?.rawValue ?? "")")
        }
        try master.inspect(link, on: &host, in: &container, &differences)
    }

    func requireSupport(on host: inout RouteSocket) throws {
        try host.requireCreatable(options)
        try master.requireUsable(on: &host)
    }
}
