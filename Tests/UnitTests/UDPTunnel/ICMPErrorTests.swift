import LinuxSystem
import Testing

@testable import UDPTunnel

struct ICMPErrorTests {
    private func answer(_ error: ICMPError, _ bytes: [UInt8]) throws -> [UInt8]? {
        let buffer = PacketBuffer(bytes)
        let packet = try parsed(buffer, at: 0, bytes.count)
        return error.packet(about: packet, in: buffer, from: 0x0af4_0100)
    }

    @Test(arguments: [(ICMPError.networkUnreachable, UInt8(3)), (ICMPError.timeExceeded, UInt8(11))])
    func quotesTheHeaderAndEightBytes(error: ICMPError, type: UInt8) throws {
        let bytes = TCPPacket(payload: payload(100)).bytes
        let answer = try #require(try answer(error, bytes))
        #expect(answer.count == 56 && answer[0] == 0x45 && answer[3] == 56 && answer[9] == 1)
        #expect(Array(answer[12..<20]) == [10, 244, 1, 0, 10, 244, 1, 5])
        #expect(checksum(Array(answer[..<20])) == 0 && checksum(Array(answer[20...])) == 0)
        #expect(answer[20] == type && answer[21] == 0 && Array(answer[24..<28]) == [0, 0, 0, 0])
        #expect(Array(answer[28...]) == Array(bytes[..<28]))
    }

    @Test func aShortPacketIsQuotedWhole() throws {
        var bytes = Array(TCPPacket().bytes[..<23])
        (bytes[2], bytes[3], bytes[9]) = (0, 23, 50)
        #expect(try #require(try answer(.timeExceeded, bytes)).count == 20 + 8 + 23)
    }

    @Test func somePacketsAreNotAnswered() throws {
        func change(_ changes: (Int, UInt8)...) -> [UInt8] {
            changes.reduce(into: TCPPacket(payload: payload(8)).bytes) { $0[$1.0] = $1.1 }
        }
        let silent = [
            // Errors, and what has no type.
            change((9, 1), (20, 3)), change((9, 1), (20, 11)), change((9, 1), (20, 5)), change((9, 1), (20, 200)),
            // A later fragment.
            change((7, 1)),
            // From and to groups, nobody and this host.
            change((12, 224)), change((12, 0)), change((12, 127)), change((12, 255)), change((16, 239)),
            change((16, 255)),
        ]
        for bytes in silent { #expect(try answer(.networkUnreachable, bytes) == nil) }
        let told = [change((9, 1), (20, 8)), change((9, 1), (20, 0)), change((9, 17)), change((6, 0x20))]
        for bytes in told { #expect(try answer(.networkUnreachable, bytes) != nil) }
    }
}
