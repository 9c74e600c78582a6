import Addressing
import TestSupport
import Testing

struct MACAddressTests {
    struct Case: Sendable {
        let text: String
        let canonical: String
    }

    @Test(arguments: [
        Case(text: "02:00:00:00:00:01", canonical: "02:00:00:00:00:01"),
        Case(text: "02-00-00-00-00-01", canonical: "02:00:00:00:00:01"),
        Case(text: "0200.0000.0001", canonical: "02:00:00:00:00:01"),
        Case(text: "FE:dc:BA:98:76:54", canonical: "fe:dc:ba:98:76:54"),
        Case(text: "FEDC.ba98.7654", canonical: "fe:dc:ba:98:76:54"),
        Case(text: "ff:ff:ff:ff:ff:ff", canonical: "ff:ff:ff:ff:ff:ff"),
    ])
    func parsesEveryForm(_ example: Case) throws {
        let address = try #require(MACAddress(example.text))
        #expect(address.description == example.canonical)
        #expect(MACAddress(array: address.bytes) == address)
    }

    @Test(arguments: [
        "", "02:00:00:00:00", "02:00:00:00:00:0", "02:00:00:00:00:01:", "02:00:00:00:00:01:02", "2:0:0:0:0:1",
        "02:00:00-00:00:01", "02.00.00.00.00.01", "020000000001", "0200:0000:0001", "0200.0000-0001",
        "02:00:00:00:00:0g", "02:00:00:00:00:é", "02:00:00:00:00:00:00:01", " 2:00:00:00:00:01", "+2:00:00:00:00:01",
        "02 00 00 00 00 01",
    ])
    func refusesEverythingElse(_ text: String) {
        #expect(MACAddress(text) == nil)
    }

    @Test func refusesOtherByteCounts() {
        #expect(MACAddress(array: [1, 2, 3, 4, 5]) == nil)
        #expect(MACAddress(array: [1, 2, 3, 4, 5, 6, 7]) == nil)
    }

    @Test func keepsTransmissionOrderInBytes() throws {
        #expect(MACAddress("01:02:03:04:05:06")?.bytes == [1, 2, 3, 4, 5, 6])
        #expect(MACAddress("01:02:03:04:05:06")?.rawValue == 0x0102_0304_0506)
    }

    struct Kind: Sendable {
        let text: String
        var multicast = false
        var zero = false
        var local = false
    }

    @Test(arguments: [
        Kind(text: "00:00:00:00:00:00", zero: true),
        Kind(text: "00:00:00:00:00:01"),
        Kind(text: "01:00:5e:00:00:01", multicast: true),
        Kind(text: "02:00:00:00:00:01", local: true),
        Kind(text: "ff:ff:ff:ff:ff:ff", multicast: true, local: true),
    ])
    func tellsKinds(_ example: Kind) throws {
        let address = try #require(MACAddress(example.text))
        #expect(address.isMulticast == example.multicast)
        #expect(address.isZero == example.zero)
        #expect(address.isLocallyAdministered == example.local)
    }

    @Test func makesLocalUnicastAddressesOfAnyNumber() {
        #expect(MACAddress(locallyAdministeredFrom: 0).description == "02:00:00:00:00:00")
        #expect(MACAddress(locallyAdministeredFrom: .max).description == "fe:ff:ff:ff:ff:ff")
        #expect(MACAddress(locallyAdministeredFrom: 0xffff_0102_0304_0506).description == "02:02:03:04:05:06")
        var generator = SeededGenerator(seed: 48)
        for _ in 0..<1_000 {
            let address = MACAddress(locallyAdministeredFrom: generator.next())
            #expect(address.isLocallyAdministered && !address.isMulticast && !address.isZero)
            #expect(MACAddress(address.description) == address)
        }
    }
}
