import CLinux
import Glibc

/// Puts many datagrams into a socket by one call, out of memory that stays where it is: sendmmsg(2).
///
/// Datagrams of one length to one receiver that lie behind each other go as one, which is segmented as late as can be:
/// `UDP_SEGMENT` of udp(7).
@safe package struct DatagramSender: ~Copyable {
    /// What is to go.
    package var buffer: PacketBuffer
    private let headers: UnsafeMutableBufferPointer<datagram_header>
    private let vectors: UnsafeMutableBufferPointer<iovec>
    private let addresses: UnsafeMutableBufferPointer<sockaddr_in>
    private let controls: UnsafeMutableRawBufferPointer
    private var messages: [Message] = []

    private struct Message {
        let receiver: UInt32
        let offset: Int
        var count: Int
        /// Of each datagram but the last.
        let size: Int
        var isComplete: Bool

        var datagrams: Int { (count + size - 1) / size }
    }

    /// What became of datagrams.
    package struct Outcome: Hashable, Sendable {
        package var sent = 0
        package var refused = 0
    }

    /// What is put in last starts here.
    package private(set) var end = 0

    /// `UDP_MAX_SEGMENTS` of the kernel's linux/udp.h, as it was first.
    private static let mostSegments = 64
    /// What one IPv4 packet carries beside its own header and that of UDP.
    private static let mostBytes = 65535 - 20 - 8
    /// `CMSG_SPACE(sizeof(uint16_t))`, and `CMSG_LEN` of the same.
    private static let controlSpace = 24
    private static let controlLength = 18

    /// Makes room.
    ///
    /// - Parameters:
    ///   - capacity: how many messages one call takes, each of one or several datagrams.
    ///   - bytes: of all of them.
    package init(capacity: Int, bytes: Int) {
        buffer = PacketBuffer(count: bytes)
        unsafe headers = .allocate(capacity: capacity)
        unsafe vectors = .allocate(capacity: capacity)
        unsafe addresses = .allocate(capacity: capacity)
        unsafe headers.initialize(repeating: datagram_header())
        unsafe vectors.initialize(repeating: iovec())
        unsafe addresses.initialize(repeating: sockaddr_in())
        unsafe controls = .allocate(byteCount: capacity * Self.controlSpace, alignment: 8)
        unsafe controls.initializeMemory(as: UInt8.self, repeating: 0)
        messages.reserveCapacity(capacity)
    }

    deinit {
        unsafe headers.deallocate()
        unsafe vectors.deallocate()
        unsafe addresses.deallocate()
        unsafe controls.deallocate()
    }

    /// Whether a datagram can be put in.
    package func hasRoom(for count: Int) -> Bool {
        unsafe messages.count < headers.count && count <= buffer.count - end
    }

    /// Takes the bytes at the end as a datagram.
    ///
    /// - Parameters:
    ///   - count: of the bytes, for which there is room.
    ///   - receiver: an IPv4 address in host order.
    package mutating func append(_ count: Int, to receiver: UInt32) {
        guard count > 0, hasRoom(for: count) else { return }
        defer { end += count }
        let last = messages.count - 1
        if last >= 0, messages[last].receiver == receiver, !messages[last].isComplete,
            count <= messages[last].size, messages[last].count + count <= Self.mostBytes,
            messages[last].datagrams < Self.mostSegments
        {
            messages[last].count += count
            messages[last].isComplete = count < messages[last].size
            return
        }
        messages.append(Message(receiver: receiver, offset: end, count: count, size: count, isComplete: false))
    }

    /// Sends all, waiting as long as the socket has no room, and begins anew.
    ///
    /// - Parameters:
    ///   - socket: of UDP.
    ///   - port: of all receivers.
    /// - Returns: how many datagrams the kernel took.
    package mutating func flush(by socket: borrowing FileDescriptor, port: UInt16) -> Outcome {
        var outcome = Outcome()
        for index in messages.indices { prepare(index, messages[index], port) }
        var next = 0
        while next < messages.count {
            let sent = unsafe sendmmsg(
                socket.rawValue, headers.baseAddress.map { unsafe $0 + next }, CUnsignedInt(messages.count - next), 0)
            if sent > 0 {
                for message in messages[next..<next + Int(sent)] { outcome.sent += message.datagrams }
                next += Int(sent)
            } else if errno != EINTR {
                resend(next, by: socket, &outcome)
                next += 1
            }
        }
        messages.removeAll(keepingCapacity: true)
        end = 0
        return outcome
    }

    /// Sends what was refused once more, each datagram alone: one longer than the way to the receiver may be taken apart
    /// by this host, but not as one of several.
    private mutating func resend(_ index: Int, by socket: borrowing FileDescriptor, _ outcome: inout Outcome) {
        let message = messages[index]
        guard message.datagrams > 1 else {
            outcome.refused += 1
            return
        }
        unsafe headers[index].header.msg_control = nil
        unsafe headers[index].header.msg_controllen = 0
        for start in stride(from: 0, to: message.count, by: message.size) {
            unsafe vectors[index] = buffer.vector(
                PacketBuffer.Piece(at: message.offset + start, count: min(message.size, message.count - start)))
            let sent = unsafe sendmmsg(socket.rawValue, headers.baseAddress.map { unsafe $0 + index }, 1, 0)
            if sent > 0 { outcome.sent += 1 } else { outcome.refused += 1 }
        }
    }

    private mutating func prepare(_ index: Int, _ message: Message, _ port: UInt16) {
        unsafe vectors[index] = buffer.vector(PacketBuffer.Piece(at: message.offset, count: message.count))
        unsafe addresses[index] = sockaddr_in(host: message.receiver, port: port)
        unsafe headers[index].header.msg_name = addresses.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + index) }
        unsafe headers[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe headers[index].header.msg_iov = vectors.baseAddress.map { unsafe $0 + index }
        unsafe headers[index].header.msg_iovlen = 1
        guard message.datagrams > 1 else {
            unsafe headers[index].header.msg_control = nil
            unsafe headers[index].header.msg_controllen = 0
            return
        }
        // struct cmsghdr: length, level, type; then the value.
        let start = index * Self.controlSpace
        unsafe controls.storeBytes(of: Self.controlLength, toByteOffset: start, as: Int.self)
        unsafe controls.storeBytes(of: CInt(IPPROTO_UDP), toByteOffset: start + 8, as: CInt.self)
        unsafe controls.storeBytes(of: UDP_SEGMENT, toByteOffset: start + 12, as: CInt.self)
        unsafe controls.storeBytes(
            of: UInt16(truncatingIfNeeded: message.size), toByteOffset: start + 16, as: UInt16.self)
        unsafe headers[index].header.msg_control = controls.baseAddress.map { unsafe $0 + start }
        unsafe headers[index].header.msg_controllen = Self.controlSpace
    }
}
