import CLinux
import Glibc

/// UDP sockets over IPv4 that many datagrams go through at once: udp(7).
extension FileDescriptor {
    /// Opens a socket that others of this process may share the address with, each getting the datagrams of some senders.
    ///
    /// - Parameters:
    ///   - address: of this host, in host order.
    ///   - port: of UDP.
    ///   - bufferSize: bytes that the kernel keeps in each direction.
    ///   - isFirst: whether nobody may have the address yet.
    /// - Returns: the socket; of datagrams of one sender that come at once the kernel makes one where it can.
    /// - Throws: the error of socket(2) or bind(2), such as `EADDRINUSE` when another process has the port.
    package static func datagramSocket(
        at address: UInt32, port: UInt16, bufferSize: CInt, isFirst: Bool
    ) throws(SystemError) -> FileDescriptor {
        let socket = try FileDescriptor.socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        if !isFirst { try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1) }
        // Beyond what the administrator grants to others, where this process may do so.
        for (forced, option) in [(SO_RCVBUFFORCE, SO_RCVBUF), (SO_SNDBUFFORCE, SO_SNDBUF)] {
            do { try socket.setOption(SOL_SOCKET, forced, bufferSize) } catch {
                try socket.setOption(SOL_SOCKET, option, bufferSize)
            }
        }
        // Since Linux 5.0; without it each datagram comes alone.
        try? socket.setOption(CInt(IPPROTO_UDP), UDP_GRO, 1)
        let destination = sockaddr_in(host: address, port: port)
        let descriptor = socket.rawValue
        _ = try retrying("bind UDP socket to port", "\(port)") {
            unsafe withUnsafePointer(to: destination) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        // Only now, or another process that lets its own share would not have been noticed.
        if isFirst { try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1) }
        return socket
    }
}

extension sockaddr_in {
    /// - Parameters:
    ///   - host: the address in host order.
    ///   - port: likewise.
    init(host: UInt32, port: UInt16) {
        self.init()
        sin_family = sa_family_t(AF_INET)
        sin_addr.s_addr = host.bigEndian
        sin_port = port.bigEndian
    }
}
