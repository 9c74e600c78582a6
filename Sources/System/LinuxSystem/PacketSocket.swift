import CLinux
import Glibc

/// Sends frames whose link-layer header the kernel makes: packet(7), `SOCK_DGRAM`.
public struct PacketSocket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// What the payload is, as an EtherType.
    public struct PayloadType: RawRepresentable, Sendable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        public static let arp = PayloadType(rawValue: UInt16(ETH_P_ARP))
        public static let ipv6 = PayloadType(rawValue: UInt16(ETH_P_IPV6))
    }

    /// Opens a socket in the calling thread's namespace; it receives nothing.
    public init() throws(SystemError) {
        descriptor = try FileDescriptor.socket(AF_PACKET, CInt(SOCK_DGRAM.rawValue), 0)
    }

    /// Sends one frame out of an interface.
    ///
    /// - Parameters:
    ///   - payload: what stands behind the link-layer header.
    ///   - type: what that is.
    ///   - destination: a MAC address, at most 8 bytes.
    ///   - interface: the index of the interface.
    /// - Throws: the error of sendto(2).
    public borrowing func send(
        _ payload: [UInt8], type: PayloadType, to destination: [UInt8], interface: Int32
    ) throws(SystemError) {
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = type.rawValue.bigEndian
        address.sll_ifindex = interface
        address.sll_halen = UInt8(truncatingIfNeeded: destination.count)
        unsafe withUnsafeMutableBytes(of: &address.sll_addr) { field in
            for (index, byte) in destination.prefix(field.count).enumerated() { unsafe field[index] = byte }
        }
        let raw = descriptor.rawValue
        _ = try retrying("send packet") {
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe sendto(raw, payload, payload.count, 0, $0, socklen_t(MemoryLayout<sockaddr_ll>.size))
                }
            }
        }
    }
}
