import Addressing
import Attachments
import CNI
import GoRPC
import LinuxSystem

/// Has a daemon lease addresses of a network's own DHCP server, one for each interface.
@main
struct DHCPPlugin: CNIPlugin {
    static let name = "dhcp"

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.first == "daemon" else { PluginMain.run(DHCPPlugin()) }
        DaemonMain.run(Array(arguments.dropFirst()))
    }

    func add(_ invocation: Invocation) throws -> CNIResult {
        _ = try DHCPConfiguration(invocation.configuration, arguments: invocation.arguments)
        var daemon = try DaemonClient(DHCPConfiguration.socketPath(of: invocation.configuration))
        return try lease(invocation, from: &daemon)
    }

    func delete(_ invocation: Invocation) throws {
        let path = DHCPConfiguration.socketPath(of: invocation.configuration)
        guard var daemon = try DaemonClient.ifRunning(path) else {
            return StandardStreams.log("no DHCP daemon listens at \(path); it forgets the lease when it starts again")
        }
        _ = try daemon.call(.release, DaemonArguments(invocation))
    }

    /// Compares the lease with the previous result.
    func check(_ invocation: Invocation) throws {
        _ = try DHCPConfiguration(invocation.configuration, arguments: invocation.arguments)
        var daemon = try DaemonClient(DHCPConfiguration.socketPath(of: invocation.configuration))
        let leased =
            if let answer = try daemon.call(.inspect, DaemonArguments(invocation)) {
                try Self.result(answer)
            } else {
                // The reference's daemon tells of a lease when it is asked for one.
                try lease(invocation, from: &daemon)
            }
        guard let previous = try invocation.configuration.previousResult() else { return }
        let assigned = previous.addresses(of: invocation.interfaceName).map(\.address.address)
            .filter { $0.family == .v4 }
        for address in leased.addresses.map(\.address.address) where !assigned.contains(address) {
            let others = assigned.map { "\($0)" }.joined(separator: ", ")
            throw CNIError(
                .other,
                "\(address) is leased to \(Owner(invocation.attachment)), and prevResult has "
                    + (others.isEmpty ? "no address" : others))
        }
    }

    /// Sees that a daemon answers.
    func status(_ configuration: NetworkConfiguration) throws {
        _ = try DHCPConfiguration(configuration, arguments: CNIArguments(""))
        _ = try DaemonClient(DHCPConfiguration.socketPath(of: configuration))
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        let path = DHCPConfiguration.socketPath(of: configuration)
        guard var daemon = try DaemonClient.ifRunning(path) else {
            return StandardStreams.log("no DHCP daemon listens at \(path), so there are no leases to release")
        }
        var arguments = DaemonArguments()
        arguments.configuration = configuration.bytes
        _ = try daemon.call(.collectGarbage, arguments)
    }

    private func lease(_ invocation: Invocation, from daemon: inout DaemonClient) throws -> CNIResult {
        let answer = try daemon.call(.allocate, DaemonArguments(invocation), timeout: DaemonClient.patiently)
        guard let answer else {
            throw CNIError(.other, "DHCP daemon: it does not know \(DaemonMethod.allocate.rawValue)")
        }
        return try Self.result(answer)
    }

    private static func result(_ answer: GobValue) throws(CNIError) -> CNIResult {
        guard let result = CNIResult(answer), !result.addresses.isEmpty else {
            throw CNIError(.decoding, "DHCP daemon: its answer has no address")
        }
        return result
    }
}

extension DaemonArguments {
    init(_ invocation: Invocation) {
        containerID = invocation.containerID
        interfaceName = invocation.interfaceName
        arguments = invocation.arguments.text
        path = invocation.pluginDirectories.joined(separator: ":")
        configuration = invocation.configuration.bytes
        // The daemon has another working directory.
        namespacePath = invocation.namespacePath.map { $0.hasPrefix("/") ? $0 : "\(WorkingDirectory.path)/\($0)" } ?? ""
    }
}
