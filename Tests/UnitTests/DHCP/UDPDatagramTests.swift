import Addressing
import DHCP
import TestSupport
import Testing

struct UDPDatagramTests {
    /// A DISCOVER as the reference sends it, which has another identification and fewer hops.
    static let recorded = hex(
        // IPv4: 300 bytes, UDP, from 0.0.0.0 to 255.255.255.255
        "4500 012c 5200 0000 1011 57c2 00000000 ffffffff",
        // UDP: 68 to 67, 280 bytes
        "0044 0043 0118 0000",
        // BOOTREQUEST, Ethernet; transaction; no time, no flags; four addresses; hardware address
        "01010600 3ad2a708 00000000", String(repeating: "00000000", count: 4), "46ca7d801cdb",
        String(repeating: "00", count: 10 + 64 + 128),
        // Cookie; DISCOVER; client; 121, 3, 1
        "63825363 350101 3d0f 00636964312f6e6574312f65746830 3703790301 ff", String(repeating: "00", count: 6))

    private let datagram = UDPDatagram(
        from: Fixture.server, 67, to: .broadcast, 68, payload: Array("an odd number of bytes!".utf8))

    @Test func readsTheReferencesPacket() throws {
        let datagram = try #require(UDPDatagram(packet: Self.recorded))
        #expect(datagram.source == .unspecified && datagram.sourcePort == 68)
        #expect(datagram.destination == .broadcast && datagram.destinationPort == 67)
        #expect(datagram.payload.count == 272)
    }

    @Test func readsWhatItWrites() {
        #expect(UDPDatagram(packet: datagram.packet) == datagram)
        // Ethernet pads what is short.
        #expect(UDPDatagram(packet: datagram.packet + [1, 2, 3]) == datagram)
    }

    @Test func takesAChecksumThatHardwareWasToComplete() throws {
        var packet = datagram.packet
        // 10.9.0.1 + 255.255.255.255 + UDP + 31 bytes
        packet.replaceSubrange(26..<28, with: [0x0a, 0x3a])
        #expect(UDPDatagram(packet: packet) == datagram)
    }

    @Test func takesAPacketWithoutChecksum() {
        var packet = datagram.packet
        packet.replaceSubrange(26..<28, with: [0, 0])
        #expect(UDPDatagram(packet: packet) == datagram)
    }

    @Test func refusesEveryPacketOfWhichABitIsWrong() {
        let packet = datagram.packet
        for index in packet.indices {
            for bit in 0..<8 {
                var changed = packet
                changed[index] ^= 1 << bit
                #expect(UDPDatagram(packet: changed) == nil, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func refusesEveryPacketThatIsCutOff() {
        let packet = datagram.packet
        for count in packet.indices { #expect(UDPDatagram(packet: Array(packet.prefix(count))) == nil) }
    }
}
