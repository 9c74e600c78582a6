import LinuxSystem

/// What a router tells the sender of a packet that it does not pass on: RFC 792.
enum ICMPError {
    case networkUnreachable
    case timeExceeded

    private var type: UInt8 {
        switch self {
        case .networkUnreachable: 3
        case .timeExceeded: 11
        }
    }

    /// Makes the answer to a packet.
    ///
    /// - Parameters:
    ///   - packet: what is not passed on, its transport checksum complete.
    ///   - buffer: where it lies.
    ///   - router: the address that the answer comes from, in host order.
    /// - Returns: the whole packet to the sender; nil where nothing may be told: RFC 1122, section 3.2.2.
    func packet(about packet: IPv4Packet, in buffer: borrowing PacketBuffer, from router: UInt32) -> [UInt8]? {
        guard !packet.isLaterFragment(in: buffer), Self.isHost(packet.source), packet.destination >> 28 < 0xe else {
            return nil
        }
        if packet.protocolNumber == IPv4Packet.icmp {
            // Errors about errors would never end.
            guard packet.payloadCount > 0, Self.questions.contains(buffer.uint8(at: packet.payload)) else { return nil }
        }
        let quoted = min(packet.count, packet.headerLength + 8)
        let count = 20 + 8 + quoted
        var answer = PacketBuffer(count: count)
        answer.store(UInt8(0x45), at: 0)
        // Precedence as RFC 1812, section 4.3.2.5.
        answer.store(UInt8(0xc0), at: 1)
        answer.store(UInt8(64), at: 8)
        answer.store(IPv4Packet.icmp, at: 9)
        answer.store(router, at: 12)
        answer.store(packet.source, at: 16)
        IPv4Packet.resize(count, headerAt: 0, in: &answer)
        answer.store(type, at: 20)
        answer.copy(quoted, from: buffer, at: packet.offset, to: 28)
        answer.store(~answer.onesComplementSum(at: 20, count: count - 20), at: 22)
        return answer.bytes(at: 0, count: count)
    }

    /// The types that are no errors: echo, timestamp and what is answered to them, as IANA lists them.
    private static let questions: Set<UInt8> = [0, 8, 13, 14, 15, 16, 17, 18]

    private static func isHost(_ address: UInt32) -> Bool {
        address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 0xe
    }
}
