package import Addressing
package import Conntrack
package import LinuxSystem

/// Connections of UDP that lead to where a port of the host no longer leads.
///
/// A client that talks on keeps its connection, and with it the place where that led when it began, whatever the rules
/// say by now. Of TCP and SCTP no client keeps one to a container that is gone.
package enum StaleConnections {
    /// Has the kernel forget what was begun to ports before they led to their containers.
    ///
    /// - Parameters:
    ///   - ports: as they lead now.
    ///   - hostAddresses: all of the host's own; what only passes by to a port of the same number elsewhere stays.
    ///   - socket: on the host.
    /// - Throws: what the kernel answered.
    package static func forget(
        before ports: [PortForward], hostAddresses: Set<IPAddress>, on socket: inout ConntrackSocket
    ) throws(SystemError) {
        try forget(ports, on: &socket) { connection, port in
            let address = connection.original.destination
            let isMeant =
                port.hostAddress.isUnspecified
                ? address.isLoopback || hostAddresses.contains(address) : port.hostAddress == address
            return isMeant && !connection.leads(to: port)
        }
    }

    /// Has the kernel forget what leads to containers by ports that do so no longer.
    package static func forget(
        leadingTo ports: [PortForward], on socket: inout ConntrackSocket
    ) throws(SystemError) {
        try forget(ports, on: &socket) { connection, port in connection.leads(to: port) }
    }

    /// Whether any of the ports can have such connections.
    package static func canExist(for ports: [PortForward]) -> Bool {
        ports.contains { $0.transport == .udp }
    }

    private static func forget(
        _ ports: [PortForward], on socket: inout ConntrackSocket,
        where isStale: (TrackedConnection, PortForward) -> Bool
    ) throws(SystemError) {
        for family in AddressFamily.allCases {
            let ports = ports.filter { $0.transport == .udp && $0.family == family }
            let connections = try socket.connections(family, .udp, toPorts: Set(ports.map(\.hostPort)))
            try socket.delete(
                connections.filter { connection in
                    ports.contains { port in
                        port.hostPort == connection.original.destinationPort && isStale(connection, port)
                    }
                })
        }
    }
}

extension TrackedConnection {
    /// Whether the container of a port answers it.
    fileprivate func leads(to port: PortForward) -> Bool {
        reply.source == port.target.address && reply.sourcePort == port.targetPort
    }
}
