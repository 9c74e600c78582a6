import Addressing
import CNI
import LinuxSystem
import RouteNetlink

/// Brings a container's `lo` up.
@main
struct LoopbackPlugin: CNIPlugin {
    static let name = "loopback"

    static func main() { PluginMain.run(LoopbackPlugin()) }

    /// The kernel's name for it, whatever `CNI_IFNAME` says.
    private static let interfaceName = "lo"

    func add(_ invocation: Invocation) throws -> CNIResult {
        let previous = try invocation.configuration.previousResult()
        var container = try RouteSocket(in: try invocation.openNamespace())
        let loopback = try link(in: &container)
        try setUp(true, loopback, in: &container)

        let addresses = try container.addresses(of: loopback.index)
        if let foreign = addresses.first(where: { !$0.address.isLoopback }) {
            throw CNIError(.other, "loopback interface found with non-loopback address \"\(foreign)\"")
        }
        if let previous { return previous }
        let firsts = [AddressFamily.v4, .v6].compactMap { family in
            addresses.first { $0.address.family == family }
        }
        return CNIResult(
            interfaces: [
                CNIResult.Interface(
                    name: Self.interfaceName, mac: loopback.mac.map { "\($0)" }, sandbox: invocation.namespacePath)
            ],
            addresses: firsts.map { CNIResult.Address($0, interface: 0) })
    }

    func delete(_ invocation: Invocation) throws {
        // Without its namespace the interface is gone too.
        guard let namespace = invocation.namespaceIfPresent() else { return }
        var container = try RouteSocket(in: namespace)
        try setUp(false, link(in: &container), in: &container)
    }

    func check(_ invocation: Invocation) throws {
        var container = try RouteSocket(in: try invocation.openNamespace())
        guard try link(in: &container).isUp else { throw CNIError(.other, "loopback interface is down") }
    }

    private func link(in container: inout RouteSocket) throws -> Link {
        guard let link = try container.link(named: Self.interfaceName) else {
            throw SystemError("find link", Self.interfaceName, .noSuchDevice)
        }
        return link
    }

    private func setUp(_ isUp: Bool, _ loopback: Link, in container: inout RouteSocket) throws {
        var change = LinkChange()
        change.isUp = isUp
        try container.perform(.change(loopback.index, loopback.name, to: change))
    }
}
