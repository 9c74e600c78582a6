import CLinux
import Glibc

/// An interface whose packets a process reads and writes: the kernel's networking/tuntap.rst.
///
/// Before each packet is a `struct virtio_net_hdr` of linux/virtio_net.h, ten bytes in the machine's order.
extension FileDescriptor {
    /// The bytes before each packet.
    package static let tunnelHeaderLength = 10

    /// Makes an interface for IP packets, which is gone with its last descriptor, or one queue more of it.
    ///
    /// The descriptor never waits. Packets may come as large as the kernel has them, to be segmented by the reader
    /// (`VIRTIO_NET_HDR_GSO_TCPV4`), and without checksums (`VIRTIO_NET_HDR_F_NEEDS_CSUM`), and may be written so. The
    /// kernel keeps a flow to one queue.
    ///
    /// - Parameters:
    ///   - name: of the interface.
    ///   - isFirst: whether the interface is made, and not joined.
    /// - Returns: what packets of the queue are read from and written to.
    /// - Throws: `EBUSY` when there is an interface of the name already; the error of open(2) on `/dev/net/tun`; `EPERM`
    ///   without privileges.
    package static func tunnelQueue(of name: String, isFirst: Bool) throws(SystemError) -> FileDescriptor {
        guard InterfaceName.fault(of: name) == nil else { throw SystemError("create tun", name, .invalidArgument) }
        let descriptor = try FileDescriptor.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
        try descriptor.attach(toTunnel: name, isNew: isFirst)
        return descriptor
    }

    private borrowing func attach(toTunnel name: String, isNew: Bool) throws(SystemError) {
        var request = unsafe ifreq()
        unsafe withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) { unsafe $0.copyBytes(from: name.utf8) }
        let flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE | (isNew ? IFF_TUN_EXCL : 0)
        unsafe request.ifr_ifru.ifru_flags = Int16(truncatingIfNeeded: flags)
        let descriptor = rawValue
        _ = try retrying("create tun", name) { unsafe ioctl(descriptor, UInt(tunnel_set_interface), &request) }
        _ = try retrying("set offloads of tun", name) {
            ioctl(descriptor, UInt(tunnel_set_offload), CInt(TUN_F_CSUM | TUN_F_TSO4))
        }
    }

    /// Reads a packet with what is before it.
    ///
    /// - Returns: how many bytes; 0 when there is none.
    /// - Throws: the error of read(2), `EBADFD` when the interface is gone.
    package borrowing func readPacket(
        into buffer: inout PacketBuffer, at offset: Int = 0
    ) throws(SystemError) -> Int {
        let descriptor = rawValue
        let vector = unsafe buffer.vector(PacketBuffer.Piece(at: offset, count: buffer.count - offset))
        do throws(SystemError) {
            return try retrying("read packet") { unsafe Glibc.read(descriptor, vector.iov_base, vector.iov_len) }
        } catch  where error.code == .wouldBlock {
            return 0
        }
    }

    /// Writes a packet that lies in pieces, with what is before it.
    ///
    /// - Returns: false when the kernel did not take it.
    package borrowing func writePacket(_ pieces: [PacketBuffer.Piece], of buffer: borrowing PacketBuffer) -> Bool {
        let descriptor = rawValue
        return unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: pieces.count) { vectors in
            for (index, piece) in pieces.enumerated() { unsafe vectors[index] = buffer.vector(piece) }
            while true {
                if unsafe writev(descriptor, vectors.baseAddress, CInt(clamping: pieces.count)) != -1 { return true }
                if errno != EINTR { return false }
            }
        }
    }
}
