import Addressing
import Testing

@testable import Probing

struct EchoMessageTests {
    @Test func aRequestOfIPv4HasItsChecksum() {
        let bytes = EchoMessage(.v4, requesting: 0x1234_0001).bytes(length: 9)
        // Type and code, checksum, identifier, sequence number, data.
        #expect(bytes == [8, 0, 0xe5, 0xca, 0x12, 0x34, 0x00, 0x01, 0])
    }

    @Test func aRequestOfIPv6LeavesItToTheKernel() {
        #expect(EchoMessage(.v6, requesting: 0x1234_0001).bytes(length: 8) == [128, 0, 0, 0, 0x12, 0x34, 0, 1])
    }

    @Test func aRequestIsNeverShorterThanItsHeader() {
        #expect(EchoMessage(.v4, requesting: 1).bytes(length: -1).count == 8)
    }

    static let header: [UInt8] = [0x45] + [UInt8](repeating: 0, count: 19)
    static let options: [UInt8] = [0x46] + [UInt8](repeating: 0, count: 23)

    @Test func repliesAreRead() {
        let reply = EchoMessage(family: .v4, isReply: true, number: 0x1234_0001)
        let message: [UInt8] = [0, 0, 0xed, 0xca, 0x12, 0x34, 0, 1]
        #expect(EchoMessage(.v4, received: (Self.header + message).span) == reply)
        #expect(EchoMessage(.v4, received: (Self.options + message).span) == reply)
        let reply6 = EchoMessage(family: .v6, isReply: true, number: 0x1234_0001)
        #expect(EchoMessage(.v6, received: [129, 0, 0, 0, 0x12, 0x34, 0, 1].span) == reply6)
    }

    static let others: [(AddressFamily, [UInt8])] = [
        (.v4, []), (.v4, [0x45]), (.v4, header), (.v4, header + [0, 0, 0, 0, 0, 0, 0]), (.v4, [0x4f] + header),
        (.v4, header + [3, 4, 0, 0, 0, 0, 0, 0]), (.v6, []), (.v6, [129, 0, 0, 0, 0, 0, 0]),
        (.v6, [2, 0, 0, 0, 0, 0, 0, 0]),
    ]

    @Test(arguments: others)
    func anythingElseIsPassedOver(family: AddressFamily, packet: [UInt8]) {
        #expect(EchoMessage(family, received: packet.span) == nil)
    }
}
