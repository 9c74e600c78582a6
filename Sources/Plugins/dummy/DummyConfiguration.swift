import Addressing
import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// What the configuration says about the link.
struct DummyConfiguration: LinkConfiguration {
    static let kind: String? = DummyOptions.kind

    /// Bytes; nil for the kernel's default.
    private let mtu: UInt32?
    /// Unless the runtime asks for another.
    private let mac: MACAddress?

    init(_ configuration: NetworkConfiguration) throws {
        guard try configuration.ipamType() != nil else {
            throw CNIError(.invalidConfiguration, "dummy interface requires an IPAM configuration")
        }
        mtu = try configuration.mtu()
        mac = try configuration.mac()
    }

    func makeLink(
        for invocation: Invocation, on host: inout RouteSocket, in container: inout ContainerSide,
        _ rollback: inout Rollback
    ) throws -> Link {
        var link = NewLink(name: invocation.interfaceName)
        link.mtu = mtu
        link.mac = try invocation.requestedMAC() ?? mac
        return try container.make(link, DummyOptions(), for: invocation, &rollback)
    }

    func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) {
        differences.compareMTU(of: link, mtu)
    }

    func requireSupport(on host: inout RouteSocket) throws {
        try host.requireCreatable(DummyOptions())
    }
}
