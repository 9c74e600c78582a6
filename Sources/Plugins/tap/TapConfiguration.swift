import Addressing
import CNI
import JSON
import LinuxSystem
import PluginKit
import RouteNetlink

/// What the configuration says about the tap, and who may open it.
struct TapConfiguration: LinkConfiguration {
    /// What the kernel calls both tun and tap.
    static let kind: String? = "tun"

    private let options: TapDevice.Options
    /// Bytes; nil for the kernel's default.
    private let mtu: UInt32?
    /// Unless the runtime asks for another.
    private let mac: MACAddress?
    /// A bridge in the container, of which the tap becomes a port.
    private let bridge: String?

    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        options = TapDevice.Options(
            hasSeveralQueues: try reader.optional("multiQueue") ?? false, owner: try reader.optional("owner"),
            group: try reader.optional("group"))
        mtu = try configuration.mtu()
        mac = try configuration.mac()
        let name: String? = try reader.optional("bridge")
        bridge = name.flatMap { $0.isEmpty ? nil : $0 }
        let context: String? = try reader.optional("selinuxContext")
        guard (context ?? "").isEmpty else {
            throw CNIError(.unsupportedField, "selinuxContext: the tap has the context of the container runtime")
        }
    }

    func makeLink(
        for invocation: Invocation, on host: inout RouteSocket, in container: inout ContainerSide,
        _ rollback: inout Rollback
    ) throws -> Link {
        var change = LinkChange()
        change.mtu = mtu
        change.mac = try invocation.requestedMAC() ?? mac
        if let bridge {
            guard let link = try container.socket.link(named: bridge) else {
                throw CNIError(.invalidConfiguration, "failed to get bridge \(bridge): Link not found in the container")
            }
            change.master = link.index
        }
        let name = invocation.interfaceName
        let options = options
        try container.namespace.run { () throws(SystemError) in try TapDevice.make(name, options) }
        var link = try container.socket.linkJustMade(name)
        rollback.registerDeletion(of: link, for: invocation)
        if change.mtu != nil || change.mac != nil || change.master != nil {
            try container.socket.perform(.change(link.index, name, to: change))
            link = try container.socket.linkJustMade(name)
        }
        return link
    }

    func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) throws {
        differences.compareMTU(of: link, mtu)
        guard let bridge else { return }
        let master = try container.link(named: bridge)?.index
        if master == nil || link.master != master { differences.note("Interface \(link.name) is no port of \(bridge)") }
    }

    func requireSupport(on host: inout RouteSocket) throws {
        try TapDevice.requireSupport()
    }
}
