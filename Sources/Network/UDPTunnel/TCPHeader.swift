import LinuxSystem

/// What of TCP matters to whoever takes segments apart or puts them together: RFC 9293, section 3.1.
struct TCPHeader {
    let offset: Int
    /// Options included.
    let length: Int
    let sequence: UInt32
    let flags: UInt8
    /// Behind the header, in bytes.
    let payloadCount: Int

    static let fin: UInt8 = 0x01
    static let push: UInt8 = 0x08
    static let acknowledgement: UInt8 = 0x10
    /// Where the checksum is.
    static let checksumOffset = 16

    /// Reads the header of a packet that carries TCP; nil when there is no whole one.
    init?(of packet: IPv4Packet, in buffer: borrowing PacketBuffer) {
        guard packet.protocolNumber == IPv4Packet.tcp, packet.payloadCount >= 20, !packet.isFragment(in: buffer) else {
            return nil
        }
        offset = packet.payload
        length = Int(buffer.uint8(at: offset + 12) >> 4) * 4
        guard length >= 20, length <= packet.payloadCount else { return nil }
        sequence = buffer.uint32(at: offset + 4)
        flags = buffer.uint8(at: offset + 13)
        payloadCount = packet.payloadCount - length
    }
}
