import LinuxSystem
import Testing

@testable import UDPTunnel

/// Segments are taken apart and put together again.
struct TCPSegmentationTests {
    /// The segments of a packet.
    private func segments(_ bytes: [UInt8], _ size: Int) throws -> [[UInt8]] {
        let buffer = PacketBuffer(bytes)
        let packet = try parsed(buffer, at: 0, bytes.count)
        let offload = OffloadHeader(segmentSize: size, headerLength: 0, checksumStart: 20, checksumOffset: 16)
        let segmentation = try segmentation(packet, offload, buffer)
        return (0..<segmentation.segments).map { index in
            var output = PacketBuffer(count: segmentation.length(of: index))
            segmentation.write(index, of: buffer, to: &output, at: 0)
            return output.bytes(at: 0, count: output.count)
        }
    }

    @Test(arguments: [(3000, 1420), (2840, 1420), (1, 1420), (0, 1420), (64000, 1420), (101, 1), (1999, 999)])
    func eachSegmentIsAPacketOfItsOwn(count: Int, size: Int) throws {
        let flags = TCPHeader.acknowledgement | TCPHeader.push | TCPHeader.fin
        let original = TCPPacket(identification: 0xfff0, sequence: 0xffff_ff00, flags: flags, payload: payload(count))
        let parts = try segments(original.bytes, size)
        #expect(parts.count == max(1, (count + size - 1) / size))
        for (index, part) in parts.enumerated() {
            var expected = original
            expected.identification = 0xfff0 &+ UInt16(truncatingIfNeeded: index)
            expected.sequence = 0xffff_ff00 &+ UInt32(index * size)
            if index < parts.count - 1 { expected.flags = TCPHeader.acknowledgement }
            expected.payload = Array(original.payload[index * size..<min(count, (index + 1) * size)])
            #expect(part == expected.bytes)
        }
    }

    @Test func whatIsNoTCPIsNotTakenApart() throws {
        for (place, value) in [(9, UInt8(17)), (6, 0x20), (7, 1), (32, 0x40), (32, 0xf0)] {
            var bytes = TCPPacket(payload: payload(10)).bytes
            bytes[place] = value
            let buffer = PacketBuffer(bytes)
            let packet = try parsed(buffer, at: 0, bytes.count)
            let offload = OffloadHeader(segmentSize: 5, headerLength: 0, checksumStart: 20, checksumOffset: 16)
            check(TCPSegmentation(packet, offload, in: buffer) == nil)
        }
    }

    /// What became of packets that lie behind each other.
    private func coalesced(_ packets: [[UInt8]]) throws -> (taken: Int, joined: [UInt8], offload: OffloadHeader?) {
        var buffer = PacketBuffer(packets.flatMap { $0 })
        var coalescing = TCPCoalescing()
        var offset = 0
        var taken = 0
        for bytes in packets {
            let packet = try parsed(buffer, at: offset, bytes.count)
            guard let segment = TCPCoalescing.Segment(packet, in: buffer), coalescing.append(segment, in: buffer) else {
                break
            }
            taken += 1
            offset += bytes.count
        }
        let offload = coalescing.finish(in: &buffer)
        return (taken, coalescing.pieces.flatMap { buffer.bytes(at: $0.offset, count: $0.count) }, offload)
    }

    @Test(arguments: [(3000, 1420), (2840, 1420), (60000, 1420), (101, 1), (1999, 999)])
    func whatWasTakenApartComesTogether(count: Int, size: Int) throws {
        let original = TCPPacket(flags: TCPHeader.acknowledgement | TCPHeader.push, payload: payload(count))
        let parts = try segments(original.bytes, size)
        let result = try coalesced(parts)
        #expect(result.taken == parts.count)
        let offload = try #require(result.offload)
        #expect(offload.segmentSize == size && offload.headerLength == 52 && offload.needsChecksum)
        #expect(offload.checksumStart == 20 && offload.checksumOffset == 16)
        // The kernel completes the checksum.
        var buffer = PacketBuffer(result.joined)
        let packet = try parsed(buffer, at: 0, buffer.count)
        check(offload.completeChecksum(of: packet, in: &buffer))
        check(buffer.bytes(at: 0, count: buffer.count) == original.bytes)
    }

    @Test func oneSegmentStaysAsItIs() throws {
        let bytes = TCPPacket(payload: payload(9)).bytes
        let result = try coalesced([bytes])
        #expect(result.taken == 1 && result.offload == nil && result.joined == bytes)
    }

    @Test func onlyWhatFollowsIsTakenIn() throws {
        let first = TCPPacket(payload: payload(100))
        let second = TCPPacket(identification: 8, sequence: 1100, payload: payload(100))
        func change(_ body: (inout TCPPacket) -> Void) -> [UInt8] {
            var packet = second
            body(&packet)
            return packet.bytes
        }
        #expect(try coalesced([first.bytes, second.bytes]).taken == 2)
        var damaged = second.bytes
        damaged[100] ^= 1
        var header = second.bytes
        header[11] ^= 1
        let others = [
            change { $0.sequence = 1101 }, change { $0.acknowledged = 2 }, change { $0.window = 10 },
            change { $0.options[7] = 9 }, change { $0.options += [1, 1, 1, 1] }, change { $0.flags = 0x11 },
            change { $0.flags = 0x12 }, change { $0.flags = 0x30 }, change { $0.timeToLive = 63 },
            change { $0.typeOfService = 4 }, change { $0.sourcePort = 81 }, change { $0.fragment = 0 },
            change { $0.fragment = 0x6000 }, change { $0.payload = payload(101) }, change { $0.payload = [] }, damaged,
            header,
        ]
        for (number, other) in others.enumerated() {
            #expect(try coalesced([first.bytes, other]).taken == 1, "\(number)")
        }
    }

    @Test func nothingFollowsAShorterOrAPushedOne() throws {
        let third = TCPPacket(sequence: 1200, payload: payload(100))
        for end in [
            TCPPacket(sequence: 1100, payload: payload(100)),
            TCPPacket(sequence: 1100, flags: 0x18, payload: payload(100)),
            TCPPacket(sequence: 1100, payload: payload(99)),
        ] {
            var last = third
            last.sequence = 1100 + UInt32(end.payload.count)
            let isWhole = end.payload.count == 100 && end.flags == 0x10
            let result = try coalesced([TCPPacket(payload: payload(100)).bytes, end.bytes, last.bytes])
            #expect(result.taken == (isWhole ? 3 : 2))
        }
    }

    /// Identifications count up where routers may take the packets apart.
    @Test func partsOfPacketsThatMayBeTakenApartAreCounted() throws {
        let first = TCPPacket(identification: 0xffff, fragment: 0, payload: payload(10))
        let next = TCPPacket(identification: 0, fragment: 0, sequence: 1010, payload: payload(10))
        let other = TCPPacket(identification: 5, fragment: 0, sequence: 1010, payload: payload(10))
        #expect(try coalesced([first.bytes, next.bytes]).taken == 2)
        #expect(try coalesced([first.bytes, other.bytes]).taken == 1)
    }

    @Test func aPacketHasNoMoreThanItsLengthCanSay() throws {
        let packets = (0..<60).map { number in
            TCPPacket(sequence: 1000 + UInt32(number * 1420), payload: payload(1420)).bytes
        }
        let result = try coalesced(packets)
        #expect(result.taken == (65535 - 52) / 1420 && result.joined.count == 52 + result.taken * 1420)
    }
}
