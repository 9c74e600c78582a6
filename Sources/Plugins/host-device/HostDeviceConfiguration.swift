import CNI
import ContainerLinks
import LinuxSystem
import PluginKit
import RouteNetlink

/// What the configuration says about the device that a container gets.
struct HostDeviceConfiguration: LinkConfiguration {
    /// Any device will do.
    static let kind: String? = nil

    let device: DeviceSelection

    init(_ configuration: NetworkConfiguration) throws {
        device = try DeviceSelection(configuration)
    }

    func makeLink(
        for invocation: Invocation, on host: inout RouteSocket, in container: inout ContainerSide,
        _ rollback: inout Rollback
    ) throws -> Link {
        let link = try device.link(on: &host)
        let moved = try BorrowedDevice.lend(
            link, calledHere: link.name, as: invocation.interfaceName, from: &host, to: &container.socket,
            of: container.namespace)
        rollback.register("move \(link.name) back") { try HostDevicePlugin.giveBack(invocation) }
        if link.isUp { try DevicesThatWereUp.remember(link.name) }
        return moved
    }

    /// What was moved is the link that ADD's result tells of, whichever the configuration selects by now.
    func inspect(
        _ link: Link, on host: inout RouteSocket, in container: inout RouteSocket, _ differences: inout Differences
    ) throws {
        guard case .name(let name) = device, BorrowedDevice(link)?.hostName != name else { return }
        differences.note("Interface \(link.name) is not device \(name)")
    }

    /// A device that is not here may be a container's, which is as it should be.
    func requireSupport(on host: inout RouteSocket) {}
}
