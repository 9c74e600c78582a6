import CNI
import JSON
import LinuxSystem
import PluginKit
import RouteNetlink

/// What the configuration says about the VLAN and its master.
struct VLANConfiguration: LinkConfiguration {
    static let kind: String? = VLANOptions.kind

    private let master: MasterInterface
    private let id: UInt16

    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        master = try MasterInterface(reader)
        guard master.name != nil else {
            throw CNIError(
                .invalidConfiguration,
                "\"master\" field is required. It specifies the host interface name to create the VLAN for")
        }
        let number: Int = try reader.optional("vlanId") ?? 0
        guard let id = UInt16(exactly: number), id <= 4094 else {
            throw CNIError(
                .invalidConfiguration, "invalid VLAN ID \(number) (must be between 0 and 4094 inclusive)")
        }
        self.id = id
    }

    func makeLink(
        for invocation: Invocation, on host: inout RouteSocket, in container: inout ContainerSide,
        _ rollback: inout Rollback
    ) throws -> Link {
        do {
            return try master.make(
                NewLink(name: invocation.interfaceName), VLANOptions(id: id), on: &host, in: &container,
                for: invocation, &rollback)
        } catch let error as SystemError where error.code == .exists {
            // The name was free.
            throw SystemError(
                error.operation, error.subject, error.code,
                explanation: "VLAN \(id) of \(master.name ?? "") is another interface's, and the kernel lets one have "
                    + "it; \"bridge\" with \"vlan\" serves several containers")
        }
    }

    func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) throws {
        if case .vlan(let current) = link.kind, let number = current.id, number != id {
            differences.note("Interface \(link.name) configured VLAN \(id) doesn't match current state: \(number)")
        }
        try master.inspect(link, on: &host, in: &container, &differences)
    }

    func requireSupport(on host: inout RouteSocket) throws {
        try host.requireCreatable(VLANOptions(id: id))
        try master.requireUsable(on: &host)
    }
}
