import CLinux
import Glibc

/// Takes many datagrams out of a socket by one call, into memory that stays where it is: recvmmsg(2).
@safe package struct DatagramReceiver: ~Copyable {
    /// What has come; the bytes before the first datagram are the user's.
    package var buffer: PacketBuffer
    private let headers: UnsafeMutableBufferPointer<datagram_header>
    private let vectors: UnsafeMutableBufferPointer<iovec>
    /// Behind each other one for each datagram, as the kernel aligns them.
    private let controls: UnsafeMutableRawBufferPointer

    /// One or several datagrams of one sender, each of which but the last has the same length.
    package struct Datagrams: Hashable, Sendable {
        package let offset: Int
        /// Of all of them.
        package let count: Int
        /// Of each but the last.
        package let segmentSize: Int
    }

    /// The longest that datagrams of one call can be.
    private static let stride = 1 << 16
    /// `CMSG_SPACE(sizeof(int))`.
    private static let controlSpace = 24
    /// `CMSG_LEN(0)`: where the value is.
    private static let controlHeader = 16

    /// Makes room.
    ///
    /// - Parameters:
    ///   - capacity: how many one call takes.
    ///   - reserved: the bytes before the first.
    package init(capacity: Int, reserved: Int) {
        buffer = PacketBuffer(count: reserved + capacity * Self.stride)
        unsafe headers = .allocate(capacity: capacity)
        unsafe vectors = .allocate(capacity: capacity)
        unsafe controls = .allocate(byteCount: capacity * Self.controlSpace, alignment: 8)
        unsafe controls.initializeMemory(as: UInt8.self, repeating: 0)
        for index in 0..<capacity {
            let piece = PacketBuffer.Piece(at: reserved + index * Self.stride, count: Self.stride)
            unsafe vectors.initializeElement(at: index, to: buffer.vector(piece))
            unsafe headers.initializeElement(at: index, to: datagram_header())
        }
        self.reserved = reserved
    }

    private let reserved: Int

    deinit {
        unsafe headers.deallocate()
        unsafe vectors.deallocate()
        unsafe controls.deallocate()
    }

    /// Takes what has come, without waiting.
    ///
    /// - Returns: how often ``datagrams(_:)`` may be asked; 0 when nothing has come.
    /// - Throws: the error of recvmmsg(2).
    package mutating func receive(from socket: borrowing FileDescriptor) throws(SystemError) -> Int {
        for index in unsafe headers.indices {
            unsafe headers[index].header.msg_iov = vectors.baseAddress.map { unsafe $0 + index }
            unsafe headers[index].header.msg_iovlen = 1
            unsafe headers[index].header.msg_control = controls.baseAddress.map {
                unsafe $0 + index * Self.controlSpace
            }
            unsafe headers[index].header.msg_controllen = Self.controlSpace
            unsafe headers[index].header.msg_flags = 0
        }
        let descriptor = socket.rawValue
        do throws(SystemError) {
            return Int(
                try retrying("receive datagrams") {
                    unsafe recvmmsg(
                        descriptor, headers.baseAddress, CUnsignedInt(headers.count), CInt(MSG_DONTWAIT), nil)
                })
        } catch  where error.code == .wouldBlock {
            return 0
        }
    }

    /// What has come at a place; nil for what is longer than can be.
    package func datagrams(_ index: Int) -> Datagrams? {
        guard unsafe headers.indices.contains(index) else { return nil }
        let header = unsafe headers[index]
        guard unsafe header.header.msg_flags & CInt(MSG_TRUNC) == 0 else { return nil }
        let count = min(Int(unsafe header.length), Self.stride)
        let size = unsafe segmentSize(index, header.header.msg_controllen)
        return Datagrams(offset: reserved + index * Self.stride, count: count, segmentSize: size ?? count)
    }

    /// What `UDP_GRO` says, nil where it says nothing: `struct cmsghdr`.
    private func segmentSize(_ index: Int, _ length: Int) -> Int? {
        guard length >= Self.controlHeader + MemoryLayout<CInt>.size else { return nil }
        let start = index * Self.controlSpace
        let level = unsafe controls.load(fromByteOffset: start + 8, as: CInt.self)
        let type = unsafe controls.load(fromByteOffset: start + 12, as: CInt.self)
        guard level == CInt(IPPROTO_UDP), type == UDP_GRO else { return nil }
        let size = unsafe controls.load(fromByteOffset: start + Self.controlHeader, as: CInt.self)
        return size > 0 ? Int(size) : nil
    }
}
