import Addressing
import LinuxSystem

/// Takes a packet apart that is longer than a link carries, as a network card does for the kernel.
struct TCPSegmentation {
    private let packet: IPv4Packet
    private let tcp: TCPHeader
    private let segmentSize: Int
    private let identification: UInt16

    /// Nil when it is no whole TCP.
    init?(_ packet: IPv4Packet, _ offload: OffloadHeader, in buffer: borrowing PacketBuffer) {
        guard let tcp = TCPHeader(of: packet, in: buffer), offload.segmentSize > 0 else { return nil }
        self.packet = packet
        self.tcp = tcp
        segmentSize = offload.segmentSize
        identification = buffer.uint16(at: packet.offset + 4)
    }

    /// Of IP and TCP, which each segment has.
    private var headerLength: Int { packet.headerLength + tcp.length }

    /// How many segments there are; one where there is nothing but headers.
    var segments: Int { max(1, (tcp.payloadCount + segmentSize - 1) / segmentSize) }

    /// How long a segment is with its headers.
    func length(of segment: Int) -> Int {
        headerLength + min(segmentSize, tcp.payloadCount - segment * segmentSize)
    }

    /// Writes a segment, checksums included, to a place where it fits.
    func write(_ segment: Int, of buffer: borrowing PacketBuffer, to output: inout PacketBuffer, at offset: Int) {
        let start = segment * segmentSize
        let count = length(of: segment)
        output.copy(headerLength, from: buffer, at: packet.offset, to: offset)
        output.copy(
            count - headerLength, from: buffer, at: packet.offset + headerLength + start, to: offset + headerLength)
        IPv4Packet.resize(
            count, identification: identification &+ UInt16(truncatingIfNeeded: segment), headerAt: offset, in: &output)
        let header = offset + packet.headerLength
        output.store(tcp.sequence &+ UInt32(truncatingIfNeeded: start), at: header + 4)
        if segment < segments - 1 { output.store(tcp.flags & ~(TCPHeader.fin | TCPHeader.push), at: header + 13) }
        let length = count - packet.headerLength
        output.store(UInt16(0), at: header + TCPHeader.checksumOffset)
        let sum = InternetChecksum.sum(
            InternetChecksum.pseudoHeader(packet, length: length), output.onesComplementSum(at: header, count: length))
        output.store(~sum, at: header + TCPHeader.checksumOffset)
    }
}
