import Addressing
import TestSupport
import Testing

struct IPv6AddressTests {
    struct Case: Sendable {
        let text: String
        let canonical: String
    }

    @Test(arguments: [
        // RFC 4291 section 2.2
        Case(text: "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", canonical: "abcd:ef01:2345:6789:abcd:ef01:2345:6789"),
        Case(text: "2001:DB8:0:0:8:800:200C:417A", canonical: "2001:db8::8:800:200c:417a"),
        Case(text: "FF01:0:0:0:0:0:0:101", canonical: "ff01::101"),
        Case(text: "0:0:0:0:0:0:0:1", canonical: "::1"),
        Case(text: "0:0:0:0:0:0:0:0", canonical: "::"),
        Case(text: "::", canonical: "::"),
        Case(text: "0:0:0:0:0:0:13.1.68.3", canonical: "::d01:4403"),
        Case(text: "::13.1.68.3", canonical: "::d01:4403"),
        Case(text: "::FFFF:129.144.52.38", canonical: "::ffff:129.144.52.38"),
        Case(text: "::ffff:8190:3426", canonical: "::ffff:129.144.52.38"),
        Case(text: "64:ff9b::192.0.2.33", canonical: "64:ff9b::c000:221"),
        Case(text: "1:2:3:4:5:6:7.8.9.10", canonical: "1:2:3:4:5:6:708:90a"),
        // RFC 5952 sections 1 and 4
        Case(text: "2001:0db8:0:0:1:0:0:1", canonical: "2001:db8::1:0:0:1"),
        Case(text: "2001:0db8::0001", canonical: "2001:db8::1"),
        Case(text: "2001:db8:0:0:0:0:2:1", canonical: "2001:db8::2:1"),
        Case(text: "2001:db8::1:1:1:1:1", canonical: "2001:db8:0:1:1:1:1:1"),
        Case(text: "2001:0:0:1:0:0:0:1", canonical: "2001:0:0:1::1"),
        Case(text: "2001:db8:0:0:1:0:0:1", canonical: "2001:db8::1:0:0:1"),
        Case(text: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:AaAa", canonical: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"),
        // gaps at the ends
        Case(text: "fd00::", canonical: "fd00::"),
        Case(text: "1:2:3:4:5:6:7::", canonical: "1:2:3:4:5:6:7:0"),
        Case(text: "::2:3:4:5:6:7:8", canonical: "0:2:3:4:5:6:7:8"),
        Case(text: "1:2:3:4:5:6::", canonical: "1:2:3:4:5:6::"),
        Case(text: "::3:4:5:6:7:8", canonical: "::3:4:5:6:7:8"),
    ])
    func printsTheCanonicalText(_ example: Case) throws {
        let address = try #require(IPv6Address(example.text))
        #expect(address.description == example.canonical)
        #expect(IPv6Address(example.canonical) == address)
        #expect(IPv6Address(array: address.bytes) == address)
    }

    @Test func keepsNetworkOrderInBytes() throws {
        let address = try #require(IPv6Address("102:304:506:708:90a:b0c:d0e:f10"))
        #expect(address.bytes == Array(1...16))
        #expect(address.rawValue == 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10)
    }

    @Test(arguments: [
        "", ":", ":::", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1:", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", ":1", "12345::", "::00001",
        "g::", "::-1", "fe80::1%eth0", "::1 ", " ::1", "::1/64", "::1.2.3", "::1.2.3.4.5", "::256.1.1.1",
        "::01.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", "1.2.3.4", "::1.2.3.4:5", "[::1]", "::\0",
    ])
    func refusesEverythingElse(_ text: String) {
        #expect(IPv6Address(text) == nil)
    }

    @Test(arguments: [0, 4, 15, 17])
    func refusesOtherByteCounts(_ count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(IPv6Address(array: bytes) == nil)
    }

    @Test func survivesPrintingAndParsing() {
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<5_000 {
            // Groups are often zero, so that gaps of every length and place occur.
            let groups = (0..<8).map { _ in
                Bool.random(using: &generator) ? 0 : UInt16.random(in: 0...UInt16.max, using: &generator)
            }
            let address = IPv6Address(rawValue: groups.reduce(0) { $0 << 16 | UInt128($1) })
            #expect(IPv6Address(address.description) == address)
            let long = groups.map { String($0, radix: 16, uppercase: true) }.joined(separator: ":")
            #expect(IPv6Address(long) == address)
        }
    }

    @Test func neverTrapsOnMutatedTexts() {
        var generator = SeededGenerator(seed: 66)
        let alphabet = Array("0123456789abcdefF:::...%/ ")
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...24, using: &generator)
            let text = String((0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] })
            guard let address = IPAddress(text) else { continue }
            #expect(IPAddress(address.description) == address)
        }
    }
}
