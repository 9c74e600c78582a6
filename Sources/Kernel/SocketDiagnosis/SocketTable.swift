package import Addressing
import CLinux
import Glibc
package import LinuxSystem
import Netlink

/// The sockets of the programs in a network namespace: sock_diag(7).
package struct SocketTable: ~Copyable {
    private var netlink: NetlinkSocket

    /// Looks at the calling thread's namespace.
    package init() throws(SystemError) {
        netlink = try NetlinkSocket(.socketDiagnosis)
    }

    /// Looks at another namespace.
    package init(in namespace: borrowing NetworkNamespace) throws(SystemError) {
        netlink = try NetlinkSocket(.socketDiagnosis, in: namespace)
    }

    /// The sockets of a family that wait for connections, or for datagrams of whomever.
    ///
    /// - Parameters:
    ///   - transport: their protocol.
    ///   - family: of their addresses; a socket of IPv6 may take IPv4 as well.
    ///   - port: which they have; nil for any.
    /// - Returns: none from a kernel that has no such sockets, or does not tell of them.
    /// - Throws: what the kernel answered.
    package mutating func waiting(
        _ transport: TransportProtocol, _ family: AddressFamily, port: UInt16? = nil
    ) throws(SystemError) -> [BoundSocket] {
        let message = NetlinkMessage(
            type: UInt16(SOCK_DIAG_BY_FAMILY), flags: .dump,
            header: SocketHeader(transport: transport, family: family, port: port ?? 0))
        do throws(SystemError) {
            return try netlink.query(NetlinkRequest(message, "list sockets of", "\(transport)")) {
                (_, payload) throws(SystemError) in
                guard let socket = try BoundSocket(transport, payload), port == nil || socket.port == port,
                    socket.port != 0
                else { return nil }
                return socket
            }
        } catch  where error.code == .noSuchFile {
            return []
        }
    }
}

/// `struct inet_diag_req_v2`.
private struct SocketHeader: NetlinkHeader {
    let transport: TransportProtocol
    let family: AddressFamily
    /// 0 for any.
    let port: UInt16

    func encode(into message: inout NetlinkMessage) {
        message.append(field: UInt8(family == .v4 ? AF_INET : AF_INET6))
        message.append(field: transport.rawValue)
        message.append(field: UInt16(0))
        // An unconnected socket of UDP counts as closed.
        message.append(field: UInt32(1) << UInt32(transport == .udp ? TCP_CLOSE : TCP_LISTEN))
        message.append(field: port.bigEndian)
        message.append(field: UInt16(0))
        for _ in 0..<9 { message.append(field: UInt32(0)) }
        // No particular socket.
        message.append(field: UInt64.max)
    }
}
