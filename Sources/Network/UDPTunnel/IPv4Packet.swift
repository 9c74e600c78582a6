import Addressing
import LinuxSystem

/// Where a packet is in a buffer, and what its header says: RFC 791.
struct IPv4Packet {
    let offset: Int
    /// The whole packet's, in bytes.
    let count: Int
    let headerLength: Int
    let protocolNumber: UInt8
    let source: UInt32
    let destination: UInt32

    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let icmp: UInt8 = 1

    /// Reads the header.
    ///
    /// Nil for what is no IPv4, or is shorter than it says; what lies behind the packet is none of it.
    init?(in buffer: borrowing PacketBuffer, at offset: Int, available: Int) {
        guard available >= 20 else { return nil }
        let first = buffer.uint8(at: offset)
        let headerLength = Int(first & 0x0f) * 4
        let count = Int(buffer.uint16(at: offset + 2))
        guard first >> 4 == 4, headerLength >= 20, count >= headerLength, count <= available else { return nil }
        self.offset = offset
        self.count = count
        self.headerLength = headerLength
        protocolNumber = buffer.uint8(at: offset + 9)
        source = buffer.uint32(at: offset + 12)
        destination = buffer.uint32(at: offset + 16)
    }

    /// Where what the packet carries begins.
    var payload: Int { offset + headerLength }

    /// How many bytes it carries.
    var payloadCount: Int { count - headerLength }

    func timeToLive(in buffer: borrowing PacketBuffer) -> UInt8 {
        buffer.uint8(at: offset + 8)
    }

    /// Whether this is but a part of a packet, and not the first.
    func isLaterFragment(in buffer: borrowing PacketBuffer) -> Bool {
        buffer.uint16(at: offset + 6) & 0x1fff != 0
    }

    /// Whether this is but a part of a packet.
    func isFragment(in buffer: borrowing PacketBuffer) -> Bool {
        buffer.uint16(at: offset + 6) & 0x3fff != 0
    }

    /// Whether the header's checksum is right.
    func hasChecksum(in buffer: borrowing PacketBuffer) -> Bool {
        buffer.onesComplementSum(at: offset, count: headerLength) == 0xffff
    }

    /// Takes one hop off; a checksum that was wrong stays so.
    func decrementTimeToLive(in buffer: inout PacketBuffer) {
        let old = buffer.uint16(at: offset + 8)
        let new = old &- 0x100
        buffer.store(new, at: offset + 8)
        buffer.store(InternetChecksum.updated(buffer.uint16(at: offset + 10), old, new), at: offset + 10)
    }

    /// Has the header say another length, and identification where one is given.
    static func resize(_ count: Int, identification: UInt16? = nil, headerAt offset: Int, in buffer: inout PacketBuffer)
    {
        let headerLength = Int(buffer.uint8(at: offset) & 0x0f) * 4
        buffer.store(UInt16(truncatingIfNeeded: count), at: offset + 2)
        if let identification { buffer.store(identification, at: offset + 4) }
        buffer.store(UInt16(0), at: offset + 10)
        buffer.store(~buffer.onesComplementSum(at: offset, count: headerLength), at: offset + 10)
    }
}
