import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import UDPTunnel

/// The sum of RFC 1071, section 4.1, written down once more.
func checksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
        if sum > 0xffff { sum -= 0xffff }
    }
    return ~UInt16(sum)
}

/// What goes before TCP and UDP in their checksums.
func pseudoHeader(_ packet: [UInt8]) -> [UInt8] {
    let length = packet.count - 20
    return Array(packet[12..<20]) + [0, packet[9], UInt8(length >> 8), UInt8(length & 255)]
}

/// A packet of TCP from 10.244.1.5 to 10.244.2.5.
struct TCPPacket {
    var identification: UInt16 = 7
    var fragment: UInt16 = 0x4000
    var timeToLive: UInt8 = 64
    var typeOfService: UInt8 = 0
    var sourcePort: UInt8 = 80
    var sequence: UInt32 = 1000
    var acknowledged: UInt8 = 1
    var flags: UInt8 = 0x10
    var window: UInt8 = 9
    var options: [UInt8] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
    var payload: [UInt8] = []

    /// All of it, with checksums.
    var bytes: [UInt8] {
        var tcp: [UInt8] = [0, sourcePort, 0x1f, 0x90]
        tcp += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sequence >> $0) }
        tcp += [0, 0, 0, acknowledged, UInt8((20 + options.count) / 4) << 4, flags, window, 0, 0, 0, 0, 0]
        tcp += options + payload
        let count = 20 + tcp.count
        var ip: [UInt8] = [0x45, typeOfService, UInt8(count >> 8), UInt8(count & 255)]
        ip += [identification, fragment].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        ip += [timeToLive, 6, 0, 0, 10, 244, 1, 5, 10, 244, 2, 5]
        (ip[10], ip[11]) = parts(checksum(ip))
        (tcp[16], tcp[17]) = parts(checksum(pseudoHeader(ip + tcp) + tcp))
        return ip + tcp
    }

    private func parts(_ value: UInt16) -> (UInt8, UInt8) { (UInt8(value >> 8), UInt8(value & 255)) }
}

extension PacketBuffer {
    /// A buffer of bytes.
    init(_ bytes: [UInt8]) {
        self.init(count: bytes.count)
        copy(bytes.span, to: 0)
    }
}

/// So many bytes, each of them another than the one before.
func payload(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
}

/// Outside of the macros, which take no buffers: they would copy them.
func check(_ isTrue: Bool, at location: SourceLocation = #_sourceLocation) {
    #expect(isTrue, sourceLocation: location)
}

func parsed(_ buffer: borrowing PacketBuffer, at offset: Int, _ count: Int) throws -> IPv4Packet {
    let packet = IPv4Packet(in: buffer, at: offset, available: count)
    return try #require(packet)
}

func segmentation(
    _ packet: IPv4Packet, _ offload: OffloadHeader, _ buffer: borrowing PacketBuffer
) throws -> TCPSegmentation {
    let segmentation = TCPSegmentation(packet, offload, in: buffer)
    return try #require(segmentation)
}
