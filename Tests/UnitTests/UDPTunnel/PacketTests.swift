import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import UDPTunnel

struct PacketTests {
    @Test func sumsAnyPartOfABuffer() {
        var generator = SeededGenerator(seed: 1)
        let bytes = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let buffer = PacketBuffer(bytes)
        for _ in 0..<2000 {
            let offset = Int.random(in: 0...4096, using: &generator)
            let count = Int.random(in: 0...4096 - offset, using: &generator)
            #expect(
                ~buffer.onesComplementSum(at: offset, count: count) == checksum(Array(bytes[offset..<offset + count])))
        }
        let ones = PacketBuffer([UInt8](repeating: 0xff, count: 65535))
        check(ones.onesComplementSum(at: 0, count: 65534) == 0xffff)
        check(~ones.onesComplementSum(at: 0, count: 65535) == checksum([UInt8](repeating: 0xff, count: 65535)))
    }

    @Test func outsideOfABufferIsNothing() {
        var buffer = PacketBuffer([1, 2, 3])
        for offset in [-1, 3, 4, Int.min, Int.max] {
            check(buffer.uint8(at: offset) == 0 && buffer.uint16(at: offset) == 0 && buffer.uint32(at: offset) == 0)
            buffer.store(UInt8(9), at: offset)
            buffer.store(UInt16(9), at: offset)
            buffer.store(UInt32(9), at: offset)
            check(buffer.onesComplementSum(at: offset, count: 2) == 0)
            check(buffer.bytes(at: offset, count: 1).isEmpty)
        }
        buffer.store(UInt16(9), at: 2)
        check(buffer.bytes(at: 0, count: 3) == [1, 2, 3])
        check(buffer.bytes(at: 0, count: 4).isEmpty && buffer.bytes(at: 0, count: -1).isEmpty)
        check(!buffer.isSame(2, at: 0, as: 2))
    }

    @Test func readsAHeader() throws {
        let bytes = TCPPacket(payload: payload(5)).bytes
        let buffer = PacketBuffer(bytes + [1, 2, 3])
        let packet = try parsed(buffer, at: 0, bytes.count + 3)
        #expect(packet.count == bytes.count && packet.headerLength == 20 && packet.protocolNumber == 6)
        #expect(packet.source == 0x0af4_0105 && packet.destination == 0x0af4_0205)
        check(packet.hasChecksum(in: buffer) && !packet.isFragment(in: buffer))
    }

    @Test(arguments: [(0, 0x65), (0, 0x44), (0, 0x4f), (3, 19), (2, 0xff), (0, 0)])
    func refusesAHeaderThatIsNone(place: Int, value: Int) {
        var bytes = TCPPacket().bytes
        bytes[place] = UInt8(value)
        let buffer = PacketBuffer(bytes)
        let isRefused = IPv4Packet(in: buffer, at: 0, available: bytes.count) == nil
        #expect(isRefused || bytes[0] == 0x4f)
        check(IPv4Packet(in: buffer, at: 0, available: 19) == nil)
    }

    @Test func everyHopLeavesTheChecksumRight() throws {
        var buffer = PacketBuffer(TCPPacket(timeToLive: 255).bytes)
        let packet = try parsed(buffer, at: 0, buffer.count)
        for hops in (0..<255).reversed() {
            packet.decrementTimeToLive(in: &buffer)
            check(packet.timeToLive(in: buffer) == hops && packet.hasChecksum(in: buffer))
        }
        // One that was wrong does not become right.
        buffer.store(UInt8(9), at: 8)
        packet.decrementTimeToLive(in: &buffer)
        check(!packet.hasChecksum(in: buffer))
    }

    @Test func completesAChecksum() throws {
        let bytes = TCPPacket(payload: payload(31)).bytes
        var buffer = PacketBuffer(bytes)
        let packet = try parsed(buffer, at: 0, bytes.count)
        buffer.store(InternetChecksum.pseudoHeader(packet, length: packet.payloadCount), at: 36)
        let offload = OffloadHeader(segmentSize: 0, headerLength: 0, checksumStart: 20, checksumOffset: 16)
        check(offload.completeChecksum(of: packet, in: &buffer))
        check(buffer.bytes(at: 0, count: bytes.count) == bytes)
        for (start, offset) in [(0, 16), (20, 60000), (60000, 0), (65535, 65535), (bytes.count - 1, 0)] {
            let wrong = OffloadHeader(segmentSize: 0, headerLength: 0, checksumStart: start, checksumOffset: offset)
            check(!wrong.completeChecksum(of: packet, in: &buffer))
        }
        check(buffer.bytes(at: 0, count: bytes.count) == bytes)
    }

    /// Whatever comes, nothing traps, and what is made of it stays inside of its buffer.
    @Test func anyBytesAreBorne() {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<20_000 {
            var bytes =
                round.isMultiple(of: 2)
                ? TCPPacket(payload: payload(.random(in: 0...200, using: &generator))).bytes
                : (0..<Int.random(in: 0...200, using: &generator)).map { _ in .random(in: 0...255, using: &generator) }
            for _ in 0..<Int.random(in: 0...4, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<min(60, bytes.count), using: &generator)
                bytes[place] = .random(in: 0...255, using: &generator)
            }
            let header = (0..<10).map { _ in UInt8.random(in: 0...5, using: &generator) }
            var buffer = PacketBuffer(header + bytes)
            guard let packet = IPv4Packet(in: buffer, at: 10, available: bytes.count) else { continue }
            packet.decrementTimeToLive(in: &buffer)
            _ = ICMPError.timeExceeded.packet(about: packet, in: buffer, from: 1)
            var coalescing = TCPCoalescing()
            if let segment = TCPCoalescing.Segment(packet, in: buffer) {
                check(coalescing.append(segment, in: buffer))
                _ = coalescing.append(segment, in: buffer)
                _ = coalescing.finish(in: &buffer)
            }
            guard let offload = OffloadHeader(in: buffer, at: 0) else { continue }
            _ = offload.completeChecksum(of: packet, in: &buffer)
            guard let segmentation = TCPSegmentation(packet, offload, in: buffer) else { continue }
            var output = PacketBuffer(count: 300)
            for index in 0..<segmentation.segments {
                #expect(segmentation.length(of: index) <= packet.count)
                segmentation.write(index, of: buffer, to: &output, at: 0)
            }
        }
    }
}
