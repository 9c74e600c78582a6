import Addressing
import TestSupport
import Testing

struct IPAddressTests {
    struct Neighbours: Sendable {
        let address: String
        let next: String
    }

    @Test(arguments: [
        Neighbours(address: "192.168.0.255", next: "192.168.1.0"),
        Neighbours(address: "0.1.0.4", next: "0.1.0.5"),
        Neighbours(address: "0.0.0.0", next: "0.0.0.1"),
        Neighbours(address: "255.255.255.254", next: "255.255.255.255"),
        Neighbours(address: "ab12::ffff", next: "ab12::1:0"),
        Neighbours(address: "ab12:123::", next: "ab12:123::1"),
        Neighbours(address: "::123", next: "::124"),
        Neighbours(address: "::ffff:ffff:ffff:ffff", next: "0:0:0:1::"),
    ])
    func stepsForwardsAndBack(_ example: Neighbours) throws {
        let address = try #require(IPAddress(example.address))
        let next = try #require(address.next)
        #expect(next.description == example.next)
        #expect(next.previous == address)
        #expect(address < next)
    }

    @Test func endsWithTheSpaceOfTheFamily() {
        #expect(IPAddress("255.255.255.255")?.next == nil)
        #expect(IPAddress("0.0.0.0")?.previous == nil)
        #expect(IPAddress.any(.v6).previous == nil)
        #expect(IPAddress(family: .v6, bits: .max)?.next == nil)
        #expect(IPAddress("0.0.0.1")?.advanced(by: .min) == nil)
        #expect(IPAddress("0.0.0.1")?.advanced(by: .max) == nil)
        #expect(IPAddress("::")?.advanced(by: .max)?.description == "::7fff:ffff:ffff:ffff")
        #expect(IPAddress("10.0.0.9")?.advanced(by: 0) == IPAddress("10.0.0.9"))
    }

    @Test func takesMappedTextAsIPv4() {
        #expect(IPAddress("::ffff:10.0.0.1") == IPAddress("10.0.0.1"))
        #expect(IPAddress("::ffff:a00:1") == IPAddress("10.0.0.1"))
        #expect(IPAddress("::10.0.0.1")?.family == .v6)
    }

    @Test func keepsSixteenBytesIPv6() throws {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1]
        let address = try #require(IPAddress(array: mapped))
        #expect(address.family == .v6)
        #expect(address.bytes == mapped)
        #expect(address.description == "::ffff:10.0.0.1")
        #expect(IPAddress(array: mapped) == address)
    }

    @Test func makesAddressesOfBytes() {
        #expect(IPAddress(array: [10, 0, 0, 1]) == IPAddress("10.0.0.1"))
        #expect(IPAddress(array: []) == nil)
        #expect(IPAddress(array: [1, 2, 3, 4, 5]) == nil)
        #expect(IPAddress(array: [1, 2, 3]) == nil)
    }

    @Test func refusesTooManyBitsForIPv4() {
        #expect(IPAddress(family: .v4, bits: 1 << 32) == nil)
        #expect(IPAddress(family: .v4, bits: 0xffff_ffff) == IPAddress("255.255.255.255"))
        #expect(IPAddress(family: .v6, bits: 1 << 32)?.description == "::1:0:0")
    }

    @Test func sortsIPv4First() throws {
        let texts = ["::", "10.0.0.10", "fd00::1", "10.0.0.9", "255.255.255.255"]
        let sorted = try texts.map { try #require(IPAddress($0)) }.sorted()
        #expect(sorted.map(\.description) == ["10.0.0.9", "10.0.0.10", "255.255.255.255", "::", "fd00::1"])
    }

    struct Kind: Sendable {
        let address: String
        var loopback = false
        var multicast = false
        var unspecified = false
        var linkLocal = false
    }

    @Test(arguments: [
        Kind(address: "127.0.0.1", loopback: true),
        Kind(address: "127.255.255.255", loopback: true),
        Kind(address: "128.0.0.0"),
        Kind(address: "::1", loopback: true),
        Kind(address: "::2"),
        Kind(address: "224.0.0.1", multicast: true),
        Kind(address: "239.255.255.255", multicast: true),
        Kind(address: "240.0.0.0"),
        Kind(address: "223.255.255.255"),
        Kind(address: "ff02::1", multicast: true),
        Kind(address: "feff::1"),
        Kind(address: "0.0.0.0", unspecified: true),
        Kind(address: "::", unspecified: true),
        Kind(address: "169.254.0.1", linkLocal: true),
        Kind(address: "169.255.0.1"),
        Kind(address: "fe80::1", linkLocal: true),
        Kind(address: "febf::1", linkLocal: true),
        Kind(address: "fec0::1"),
        Kind(address: "10.1.2.3"),
        Kind(address: "2001:db8::1"),
    ])
    func tellsSpecialAddresses(_ example: Kind) throws {
        let address = try #require(IPAddress(example.address))
        #expect(address.isLoopback == example.loopback)
        #expect(address.isMulticast == example.multicast)
        #expect(address.isUnspecified == example.unspecified)
        #expect(address.isLinkLocal == example.linkLocal)
    }

    @Test func namesFamilies() {
        #expect(AddressFamily.v4.description == "IPv4")
        #expect(AddressFamily.v6.description == "IPv6")
        #expect(AddressFamily.v4.bitWidth == 32)
        #expect(AddressFamily.v6.bitWidth == 128)
    }

    @Test func survivesBitsAndBytes() {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<1_000 {
            let family: AddressFamily = .random(in: [.v4, .v6], using: &generator)
            let bits = UInt128.random(in: 0...UInt128.max, using: &generator) >> (128 - family.bitWidth)
            guard let address = IPAddress(family: family, bits: bits) else {
                Issue.record("no \(family) address of \(bits)")
                continue
            }
            #expect(address.bits == bits)
            #expect(IPAddress(array: address.bytes) == address)
            #expect(address.advanced(by: 1_000_000)?.advanced(by: -1_000_000) ?? address == address)
        }
    }
}

extension AddressFamily {
    static func random(in families: [AddressFamily], using generator: inout SeededGenerator) -> AddressFamily {
        families.randomElement(using: &generator) ?? .v4
    }
}
