import Addressing
import CNI
import JSON
import LinuxSystem
import PluginKit
import RouteNetlink

/// Routes what a container sends by the address that it comes from, so that answers leave by the interface that was asked.
@main
struct SBRPlugin: CNIPlugin {
    static let name = "sbr"

    static func main() { PluginMain.run(SBRPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let result = try Self.chainedResult(invocation)
        let configuration = try SBRConfiguration(invocation.configuration)
        let namespace = try invocation.openNamespace()
        // Two interfaces of one container may be attached at once, and must not choose the same table.
        let lock = try namespace.run { () throws(SystemError) in
            try FileLock.ofNetworkNamespace(.sourceRouting, timeout: Self.lockTimeout)
        }
        var container = try ContainerRouting(invocation)
        let routing = try container.plan(configuration, result)
        var rollback = Rollback(report: StandardStreams.log)
        try container.apply(routing, &rollback)
        try Interruption.check()
        rollback.commit()
        _ = consume lock
        return result
    }

    /// Milliseconds; whoever has it only changes a few routes.
    private static let lockTimeout = 10_000

    func delete(_ invocation: Invocation) throws {
        // With its namespace all is gone.
        guard invocation.namespaceIfPresent() != nil else { return }
        let previous = try? invocation.configuration.previousResult()
        let addresses = previous?.addresses(of: invocation.interfaceName).map(\.address) ?? []
        let table: UInt32? = try? invocation.configuration.reader.optional("table")
        var container = try ContainerRouting(invocation)
        try container.remove(addresses, table: table)
    }

    func check(_ invocation: Invocation) throws {
        let result = try Self.chainedResult(invocation)
        let configuration = try SBRConfiguration(invocation.configuration)
        var container = try ContainerRouting(invocation)
        var differences = Differences()
        let routing = try container.plan(configuration, result)
        try container.inspect(routing, &differences)
        try differences.finish()
    }

    /// Makes a rule, in a namespace that ends with it.
    func status(_ configuration: NetworkConfiguration) throws {
        _ = try SBRConfiguration(configuration)
        var scratch = try RouteSocket(in: try NetworkNamespace.make())
        try scratch.perform(.add(PolicyRule(from: .any(.v4), to: SourceRouting.firstTable)))
    }

    private static func chainedResult(_ invocation: Invocation) throws -> CNIResult {
        let result = try invocation.configuration.chainedResult("This plugin must be called as chained plugin")
        guard !result.addresses.isEmpty else {
            throw CNIError(
                .invalidConfiguration, "No IP addresses supplied on interface: \(invocation.interfaceName)")
        }
        return result
    }
}
