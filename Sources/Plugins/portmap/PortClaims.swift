import Addressing
import LinuxSystem
import PacketRules
import SocketDiagnosis

/// Ports of the host that programs wait at, which would hear no more of what is led to a container.
enum PortClaims {
    /// - Parameters:
    ///   - ports: which are to be led to a container.
    ///   - containerID: a runtime may hold a container's ports by a process that is named after it, as podman's conmon is.
    /// - Throws: `EADDRINUSE` with the process that waits at one of them.
    static func requireFree(_ ports: [PortForward], for containerID: String) throws(SystemError) {
        var table: SocketTable
        do throws(SystemError) {
            table = try SocketTable()
        } catch  where error.code == .protocolNotSupported {
            // A kernel that does not tell of sockets.
            return
        }
        for transport in TransportProtocol.allCases {
            let ports = ports.filter { $0.transport == transport }
            guard let first = ports.first else { continue }
            let only = ports.allSatisfy { $0.hostPort == first.hostPort } ? first.hostPort : nil
            var sockets = try table.waiting(transport, .v6, port: only)
            if ports.contains(where: { $0.family == .v4 }) { sockets += try table.waiting(transport, .v4, port: only) }
            for port in ports {
                for socket in sockets where socket.port == port.hostPort && socket.takes(port.hostAddress) {
                    try requireOwn(socket, port, containerID)
                }
            }
        }
    }

    private static func requireOwn(
        _ socket: BoundSocket, _ port: PortForward, _ containerID: String
    ) throws(SystemError) {
        let holders = VisibleProcess.holding(socket: socket.inode)
        if holders.contains(where: { $0.arguments.contains(containerID) }) { return }
        let holder = holders.first.map { "\($0)" } ?? "a process out of sight"
        let place = socket.address.isUnspecified ? "" : " at \(socket.address)"
        throw SystemError("map", port.hostSide, .addressInUse, explanation: "\(holder) waits there\(place)")
    }
}
