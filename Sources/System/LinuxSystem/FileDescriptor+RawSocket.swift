import CLinux
import Glibc

/// Sockets for IP packets of one protocol: raw(7).
extension FileDescriptor {
    /// Opens a socket that never waits, and whose packets no router and no link may take apart.
    ///
    /// - Parameters:
    ///   - isV6: whether it is for IPv6, and not for IPv4.
    ///   - protocolNumber: of IANA's list, as in `IPPROTO_ICMP`.
    /// - Returns: the socket, which receives every packet of the protocol.
    /// - Throws: the error of socket(2), `EPERM` without privileges.
    public static func rawSocket(isV6: Bool, _ protocolNumber: CInt) throws(SystemError) -> FileDescriptor {
        let socket = try FileDescriptor.socket(
            isV6 ? AF_INET6 : AF_INET, CInt(SOCK_RAW.rawValue) | CInt(SOCK_NONBLOCK.rawValue), protocolNumber)
        if isV6 {
            try socket.setOption(CInt(IPPROTO_IPV6), IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO)
        } else {
            try socket.setOption(CInt(IPPROTO_IP), IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        }
        return socket
    }

    /// Sends and receives by one interface only: socket(7).
    ///
    /// - Throws: `ENODEV` when there is no such interface.
    public borrowing func attach(toInterface name: String) throws(SystemError) {
        let descriptor = rawValue
        _ = try retrying("bind socket to", name) {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, socklen_t(name.utf8.count))
        }
    }

    /// Sends one packet.
    ///
    /// - Parameters:
    ///   - bytes: what comes behind the IP header.
    ///   - address: of the receiver, 4 or 16 bytes in network order.
    /// - Throws: `EMSGSIZE` when it is longer than a packet may be; `EINVAL` for another count of bytes.
    public borrowing func send(_ bytes: Span<UInt8>, to address: [UInt8]) throws(SystemError) {
        switch address.count {
        case 4:
            var destination = sockaddr_in()
            destination.sin_family = sa_family_t(AF_INET)
            unsafe withUnsafeMutableBytes(of: &destination.sin_addr) { unsafe $0.copyBytes(from: address) }
            try send(bytes, toSocketAddress: destination)
        case 16:
            var destination = sockaddr_in6()
            destination.sin6_family = sa_family_t(AF_INET6)
            unsafe withUnsafeMutableBytes(of: &destination.sin6_addr) { unsafe $0.copyBytes(from: address) }
            try send(bytes, toSocketAddress: destination)
        default:
            throw SystemError("send", nil, .invalidArgument)
        }
    }

    private borrowing func send<Address>(
        _ bytes: Span<UInt8>, toSocketAddress address: Address
    ) throws(SystemError) {
        let descriptor = rawValue
        _ = try retrying("send") {
            unsafe Self.withSocketAddress(address) { destination, length in
                unsafe bytes.withUnsafeBufferPointer {
                    unsafe sendto(descriptor, $0.baseAddress, $0.count, 0, destination, length)
                }
            }
        }
    }
}
