import Attachments
import CNI
import ContainerLinks
import JSON
import LinuxSystem
import PluginKit
import RouteNetlink

/// Moves a device of the host's to a container, and back.
@main
struct HostDevicePlugin: LinkPlugin {
    typealias Configuration = HostDeviceConfiguration

    static let name = "host-device"

    static func main() { PluginMain.run(HostDevicePlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try HostDeviceConfiguration(invocation.configuration)
        return try configuration.device.isLeftToPrograms ? report(invocation) : add(invocation, configuration)
    }

    func delete(_ invocation: Invocation) throws {
        try invocation.detach(silencingBy: { try Self.giveBack(invocation) }) { Teardown() }
    }

    func check(_ invocation: Invocation) throws {
        let configuration = try HostDeviceConfiguration(invocation.configuration)
        guard configuration.device.isLeftToPrograms else { return try check(invocation, configuration) }
        _ = try ContainerInspection(invocation)
        try Delegate.ipam(of: invocation.configuration)?.check()
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        var teardown = Teardown()
        teardown.attempt {
            var host = try RouteSocket()
            try Self.restore(configuration, on: &host)
        }
        teardown.attempt { try Delegate.ipam(of: configuration)?.collectGarbage() }
        try teardown.finish()
    }

    /// ADD for a device that a program drives without the kernel: there is nothing to move, and addresses are for the program.
    private func report(_ invocation: Invocation) throws -> CNIResult {
        _ = try invocation.openNamespace()
        let dns = try invocation.configuration.dns()
        var rollback = Rollback(report: StandardStreams.log)
        var ipam = try AddressRequest(invocation.configuration)
        try ipam.start()
        try ipam.proceed(&rollback) {}
        var result = try ipam.result(forInterfaceAt: 0)
        result.interfaces = [CNIResult.Interface(name: invocation.interfaceName, sandbox: invocation.namespacePath)]
        if let dns { result.dns = dns }
        try ipam.finish()
        rollback.commit()
        return result
    }

    /// Moves back what the container has of the host, or gives its name back to what has come back by itself.
    static func giveBack(_ invocation: Invocation) throws {
        var host = try RouteSocket()
        guard let namespace = invocation.namespaceIfPresent() else {
            return try restore(invocation.configuration, on: &host)
        }
        var container = try RouteSocket(in: namespace)
        let named = try container.link(named: invocation.interfaceName).flatMap(BorrowedDevice.init)
        // The container may have called it something else since.
        let wanted = hostName(in: invocation.configuration)
        let renamed = try named == nil ? container.links().compactMap(BorrowedDevice.init) : []
        guard let borrowed = named ?? renamed.first(where: { $0.hostName == wanted }) else {
            return try restore(invocation.configuration, on: &host)
        }
        try borrowed.giveBack(from: &container, to: &host)
        try bringUpAgain(borrowed.hostName, on: &host)
    }

    private static func restore(_ configuration: NetworkConfiguration, on host: inout RouteSocket) throws {
        guard let name = hostName(in: configuration), try BorrowedDevice.restore(name, on: &host) != nil else { return }
        try bringUpAgain(name, on: &host)
    }

    private static func bringUpAgain(_ name: String, on host: inout RouteSocket) throws(SystemError) {
        guard try DevicesThatWereUp.forget(name) else { return }
        var up = LinkChange()
        up.isUp = true
        try host.perform(.change(linkNamed: name, to: up))
    }

    private static func hostName(in configuration: NetworkConfiguration) -> String? {
        try? configuration.reader.optional("device")
    }
}
