import Glibc
import LinuxSystem
import TestSupport
import Testing
import UDPTunnel

/// What is on the wire between two hosts, of which the test is one.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct TunnelPacketTests {
    let one: TunnelHost
    let two: TunnelHost
    let wire: TestSocket

    init() throws {
        (one, two) = try TunnelHost.pair(second: false)
        wire = try TestSocket(.udp, for: two.publicIP, in: two.host.namespace)
        try wire.bind(two.publicIP, TunnelHost.port)
        try wire.connect(to: one.publicIP, TunnelHost.port)
    }

    private func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 0x10000)
        let count = recv(wire.rawValue, &buffer, buffer.count, 0)
        try #require(count >= 0, "errno \(errno)")
        return Array(buffer.prefix(count))
    }

    private func send(_ bytes: [UInt8]) {
        _ = Glibc.send(wire.rawValue, bytes, bytes.count, 0)
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = 0
        for index in stride(from: 0, to: bytes.count, by: 2) { sum += Int(bytes[index]) << 8 | Int(bytes[index + 1]) }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }

    /// A request for an echo from the other host's container to a host of number N.
    private static func request(to destination: [UInt8] = [10, 244, 1, 5], hops: UInt8 = 9) -> [UInt8] {
        var icmp: [UInt8] = [8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3, 4]
        (icmp[2], icmp[3]) = (UInt8(checksum(icmp) >> 8), UInt8(checksum(icmp) & 255))
        var ip: [UInt8] = [0x45, 0, 0, 32, 0, 9, 0, 0, hops, 1, 0, 0, 10, 244, 2, 5] + destination
        (ip[10], ip[11]) = (UInt8(checksum(ip) >> 8), UInt8(checksum(ip) & 255))
        return ip + icmp
    }

    @Test func aPacketIsThePayloadAndNothingElse() throws {
        try one.container.ask(two.podIP)
        let packet = try receive()
        #expect(packet.count == 84 && packet[0] == 0x45 && Int(packet[2]) << 8 | Int(packet[3]) == 84)
        // The kernel of the host takes one hop, and the tunnel another.
        #expect(packet[8] == 62 && packet[9] == 1)
        #expect(Array(packet[12..<20]) == [10, 244, 1, 5, 10, 244, 2, 5])
        #expect(Self.checksum(Array(packet[..<20])) == 0 && Self.checksum(Array(packet[20...])) == 0)
    }

    @Test func whatTheOtherEndSendsArrivesAndIsAnswered() throws {
        send(Self.request())
        let answer = try receive()
        #expect(answer.count == 32 && answer[20] == 0 && Array(answer[24..<26]) == [0x12, 0x34])
        #expect(Array(answer[12..<20]) == [10, 244, 1, 5, 10, 244, 2, 5])
    }

    @Test func whoseLastHopThisIsIsTold() throws {
        send(Self.request(hops: 1))
        let answer = try receive()
        #expect(answer[9] == 1 && answer[20] == 11 && Array(answer[12..<20]) == [10, 244, 1, 0, 10, 244, 2, 5])
        #expect(Array(answer[28..<48]) == Array(Self.request(hops: 1)[..<20]))
    }

    @Test func garbageIsCountedAndGoesNowhere() throws {
        var generator = SeededGenerator(seed: 11)
        let whole = Self.request()
        var long = whole
        long[3] = 200
        var options = whole
        options[0] = 0x4f
        let sixth: [UInt8] = [0x60] + whole[1...]
        let wrong: [[UInt8]] = [[], [0x45], Array(whole[..<19]), long, options, sixth]
        for bytes in wrong { send(bytes) }
        for _ in 0..<500 {
            var bytes = whole + whole
            for _ in 0..<10 {
                bytes[.random(in: 0..<20, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            // To none of the container's addresses, or it would be answered.
            (bytes[16], bytes[17]) = (192, 168)
            send(bytes)
        }
        for destination: [UInt8] in [[192, 168, 77, 11], [10, 244, 3, 5], [127, 0, 0, 1], [255, 255, 255, 255]] {
            send(Self.request(to: destination))
        }
        // By the second answer, what came before the first is counted.
        for _ in 1...2 {
            send(whole)
            #expect(try receive().count == 32)
        }
        let counts = try #require(one.tunnel).counts
        #expect(counts.malformed > 5 && counts.misdirected > 5 && 1...2 ~= counts.received)
        #expect(try #require(one.tunnel).failure == nil)
    }
}
