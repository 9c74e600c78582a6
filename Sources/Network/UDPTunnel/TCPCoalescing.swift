import Addressing
import LinuxSystem

/// Consecutive segments of one connection that the kernel gets as one, to be looked at once: what it does itself on a
/// network card (GRO), which a TUN device does not.
///
/// The segments stay where they are; of the first one the headers become those of all.
struct TCPCoalescing {
    private(set) var pieces: [PacketBuffer.Piece] = []
    private var first: Segment?
    private var last: Segment?
    private var count = 0

    /// A segment that may be put together with others.
    struct Segment {
        let packet: IPv4Packet
        let tcp: TCPHeader

        /// Nil for what stands for itself: no data, more than an acknowledgement, options of IP, a wrong checksum.
        init?(_ packet: IPv4Packet, in buffer: borrowing PacketBuffer) {
            guard packet.headerLength == 20, let tcp = TCPHeader(of: packet, in: buffer), tcp.payloadCount > 0,
                tcp.flags & ~TCPHeader.push == TCPHeader.acknowledgement, packet.hasChecksum(in: buffer)
            else { return nil }
            let sum = InternetChecksum.sum(
                InternetChecksum.pseudoHeader(packet, length: packet.payloadCount),
                buffer.onesComplementSum(at: packet.payload, count: packet.payloadCount))
            guard sum == 0xffff else { return nil }
            self.packet = packet
            self.tcp = tcp
        }

        var isPushed: Bool { tcp.flags & TCPHeader.push != 0 }
    }

    /// So many fit into one call: `UIO_MAXIOV` is far above, and one packet has no more bytes.
    private static let mostPieces = 128
    private static let mostBytes = 0xffff

    init() {
        pieces.reserveCapacity(Self.mostPieces + 1)
    }

    var isEmpty: Bool { first == nil }

    /// Takes a segment in.
    ///
    /// - Returns: false when it does not follow those that are there, which then have to go first.
    mutating func append(_ segment: Segment, in buffer: borrowing PacketBuffer) -> Bool {
        guard let first, let last else {
            self.first = segment
            last = segment
            count = segment.packet.count
            pieces.append(PacketBuffer.Piece(at: segment.packet.offset, count: count))
            return true
        }
        guard follows(segment, first, last, in: buffer) else { return false }
        self.last = segment
        count += segment.tcp.payloadCount
        pieces.append(PacketBuffer.Piece(at: segment.tcp.offset + segment.tcp.length, count: segment.tcp.payloadCount))
        return true
    }

    private func follows(
        _ segment: Segment, _ first: Segment, _ last: Segment, in buffer: borrowing PacketBuffer
    ) -> Bool {
        let (packet, tcp) = (segment.packet, segment.tcp)
        // Only the last may be pushed, or shorter than the others.
        guard !last.isPushed, last.tcp.payloadCount == first.tcp.payloadCount,
            tcp.payloadCount <= first.tcp.payloadCount, tcp.length == first.tcp.length,
            tcp.sequence == last.tcp.sequence &+ UInt32(truncatingIfNeeded: last.tcp.payloadCount),
            count + tcp.payloadCount <= Self.mostBytes, pieces.count < Self.mostPieces
        else { return false }
        let (here, there) = (packet.offset, first.packet.offset)
        let identification = buffer.uint16(at: last.packet.offset + 4)
        let isWhole = buffer.uint16(at: there + 6) & 0x4000 != 0
        // Type of service, fragmentation, hops and protocol, addresses and ports; acknowledgement, header length, window
        // and options.
        return buffer.uint8(at: here + 1) == buffer.uint8(at: there + 1)
            && (isWhole || buffer.uint16(at: here + 4) == identification &+ 1)
            && buffer.isSame(4, at: here + 6, as: there + 6) && buffer.isSame(12, at: here + 12, as: there + 12)
            && buffer.isSame(5, at: here + 28, as: there + 28) && buffer.isSame(2, at: here + 34, as: there + 34)
            && buffer.isSame(tcp.length - 18, at: here + 38, as: there + 38)
    }

    /// Makes one packet of all.
    ///
    /// - Returns: what it needs before it; nil when it is a packet as it came.
    func finish(in buffer: inout PacketBuffer) -> OffloadHeader? {
        guard let first, let last, pieces.count > 1 else { return nil }
        let packet = first.packet
        IPv4Packet.resize(count, headerAt: packet.offset, in: &buffer)
        buffer.store(first.tcp.flags | last.tcp.flags, at: first.tcp.offset + 13)
        let length = count - packet.headerLength
        buffer.store(
            InternetChecksum.pseudoHeader(packet, length: length), at: first.tcp.offset + TCPHeader.checksumOffset)
        return OffloadHeader(
            segmentSize: first.tcp.payloadCount, headerLength: packet.headerLength + first.tcp.length,
            checksumStart: packet.headerLength, checksumOffset: TCPHeader.checksumOffset)
    }

    /// Begins anew.
    mutating func clear() {
        pieces.removeAll(keepingCapacity: true)
        first = nil
        last = nil
    }
}
