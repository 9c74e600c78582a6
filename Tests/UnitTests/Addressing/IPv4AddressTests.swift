import Addressing
import TestSupport
import Testing

struct IPv4AddressTests {
    struct Case: Sendable {
        let text: String
        let rawValue: UInt32
    }

    @Test(arguments: [
        Case(text: "0.0.0.0", rawValue: 0),
        Case(text: "10.1.2.5", rawValue: 0x0a01_0205),
        Case(text: "192.168.0.255", rawValue: 0xc0a8_00ff),
        Case(text: "255.255.255.255", rawValue: .max),
    ])
    func parsesAndPrintsDottedQuads(_ example: Case) throws {
        let address = try #require(IPv4Address(example.text))
        #expect(address.rawValue == example.rawValue)
        #expect(address.description == example.text)
        #expect(IPv4Address(array: address.bytes) == address)
    }

    @Test(arguments: [
        "", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", "1.2.3.4.5", "256.0.0.1", "1.2.3.1000",
        "01.2.3.4", "1.2.3.00", "0x1.2.3.4", "-1.2.3.4", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1.2.3.4/8",
        "1,2,3,4", "a.b.c.d", "１.2.3.4", "1.2.3.4\0", "99999999999999999999.1.1.1", "::1",
    ])
    func refusesEverythingElse(_ text: String) {
        #expect(IPv4Address(text) == nil)
        #expect(IPAddress(text) == nil || text == "::1")
    }

    @Test(arguments: [0, 3, 5, 16])
    func refusesOtherByteCounts(_ count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(IPv4Address(array: bytes) == nil)
    }

    @Test func readsSubstrings() {
        #expect(IPv4Address("via 10.0.0.1".dropFirst(4)) == IPv4Address(rawValue: 0x0a00_0001))
    }

    @Test func survivesPrintingAndParsing() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            let address = IPv4Address(rawValue: .random(in: 0...UInt32.max, using: &generator))
            #expect(IPv4Address(address.description) == address)
        }
    }
}
