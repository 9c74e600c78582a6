import CLinux
import Glibc

/// One instruction of a filter that the kernel runs over packets: `struct sock_filter`, linux/filter.h.
public struct PacketFilterInstruction: Hashable, Sendable {
    public let code: UInt16
    public let jumpIfTrue: UInt8
    public let jumpIfFalse: UInt8
    public let operand: UInt32

    public init(_ code: UInt16, _ operand: UInt32, jumpIfTrue: UInt8 = 0, jumpIfFalse: UInt8 = 0) {
        self.code = code
        self.jumpIfTrue = jumpIfTrue
        self.jumpIfFalse = jumpIfFalse
        self.operand = operand
    }
}

/// Sockets that see the IPv4 packets of an interface which need not have an address: packet(7).
extension FileDescriptor {
    /// Opens a socket in the calling thread's namespace that never waits, and gets what a filter lets pass.
    ///
    /// - Parameters:
    ///   - interface: its index.
    ///   - filter: looks at packets from their IP header on.
    /// - Returns: the socket.
    /// - Throws: the error of socket(2), setsockopt(2) or bind(2), `ENODEV` when there is no such interface.
    public static func packetSocket(
        on interface: Int32, filter: [PacketFilterInstruction]
    ) throws(SystemError) -> FileDescriptor {
        // Without a protocol it gets nothing before its filter is there.
        let socket = try FileDescriptor.socket(
            AF_PACKET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        let raw = socket.rawValue
        var instructions = filter.map {
            sock_filter(code: $0.code, jt: $0.jumpIfTrue, jf: $0.jumpIfFalse, k: $0.operand)
        }
        _ = try retrying("attach packet filter") {
            unsafe instructions.withUnsafeMutableBufferPointer { buffer in
                var program = unsafe sock_fprog(
                    len: UInt16(clamping: buffer.count), filter: buffer.baseAddress)
                return unsafe setsockopt(
                    raw, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout<sock_fprog>.size))
            }
        }
        let address = packetAddress(interface)
        _ = try retrying("bind packet socket") {
            unsafe withSocketAddress(address) { unsafe bind(raw, $0, $1) }
        }
        return socket
    }

    /// Sends one packet, IP header included, in a frame.
    ///
    /// - Parameters:
    ///   - packet: from its IP header on.
    ///   - interface: the index of that by which it leaves.
    ///   - hardwareAddress: of the receiver of the frame, 6 bytes.
    /// - Throws: `ENETDOWN` when the interface is down; the error of sendto(2).
    public borrowing func sendPacket(
        _ packet: Span<UInt8>, by interface: Int32, to hardwareAddress: [UInt8]
    ) throws(SystemError) {
        let descriptor = rawValue
        var address = Self.packetAddress(interface)
        address.sll_halen = UInt8(clamping: min(hardwareAddress.count, 8))
        unsafe withUnsafeMutableBytes(of: &address.sll_addr) { unsafe $0.copyBytes(from: hardwareAddress.prefix(8)) }
        _ = try retrying("send packet") {
            unsafe Self.withSocketAddress(address) { destination, length in
                unsafe packet.withUnsafeBufferPointer {
                    unsafe sendto(descriptor, $0.baseAddress, $0.count, 0, destination, length)
                }
            }
        }
    }

    /// A packet and who sent the frame it came in.
    public struct ReceivedPacket: Hashable, Sendable {
        /// From its IP header on.
        public let bytes: [UInt8]
        public let senderHardwareAddress: [UInt8]
    }

    /// Takes the next packet.
    ///
    /// - Parameter limit: how many bytes of it are kept.
    /// - Returns: nil when none has come.
    /// - Throws: the error of recvfrom(2), `ENETDOWN` once after the interface went down.
    public borrowing func receivePacket(limit: Int) throws(SystemError) -> ReceivedPacket? {
        let descriptor = rawValue
        var buffer = [UInt8](repeating: 0, count: limit)
        var address = sockaddr_ll()
        var length = socklen_t(MemoryLayout<sockaddr_ll>.size)
        do throws(SystemError) {
            let count = try retrying("receive packet") {
                unsafe withUnsafeMutablePointer(to: &address) { pointer in
                    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { source in
                        unsafe buffer.withUnsafeMutableBufferPointer {
                            unsafe recvfrom(descriptor, $0.baseAddress, $0.count, 0, source, &length)
                        }
                    }
                }
            }
            let sender = unsafe withUnsafeBytes(of: &address.sll_addr) { unsafe Array($0) }
            return ReceivedPacket(
                bytes: Array(buffer.prefix(count)),
                senderHardwareAddress: Array(sender.prefix(Int(address.sll_halen))))
        } catch  where error.code == .wouldBlock {
            return nil
        }
    }

    private static func packetAddress(_ interface: Int32) -> sockaddr_ll {
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = UInt16(ETH_P_IP).bigEndian
        address.sll_ifindex = interface
        return address
    }
}
