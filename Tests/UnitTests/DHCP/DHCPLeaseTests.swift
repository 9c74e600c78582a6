import Addressing
import DHCP
import TestSupport
import Testing

struct DHCPLeaseTests {
    struct RouteCase: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let options: [UInt8: [UInt8]]
        let routes: [String]
    }

    @Test(arguments: [
        RouteCase(testDescription: "a router", options: [3: [10, 9, 0, 1]], routes: ["0.0.0.0/0 10.9.0.1"]),
        RouteCase(
            testDescription: "classful, and a router",
            options: [33: [10, 0, 0, 0, 10, 1, 2, 3, 192, 168, 1, 0, 192, 168, 2, 3], 3: [10, 9, 0, 1]],
            routes: ["10.0.0.0/8 10.1.2.3", "192.168.1.0/24 192.168.2.3", "0.0.0.0/0 10.9.0.1"]),
        RouteCase(
            testDescription: "classless, which others do not count beside",
            options: [
                121: hex("00 0a090001", "10 0a14 0a090002", "19 0a158080 0a090003", "18 c0a801 00000000"),
                33: [10, 0, 0, 0, 10, 1, 2, 3], 3: [10, 9, 0, 9],
            ],
            routes: [
                "0.0.0.0/0 10.9.0.1", "10.20.0.0/16 10.9.0.2", "10.21.128.128/25 10.9.0.3", "192.168.1.0/24 0.0.0.0",
            ]),
        RouteCase(
            testDescription: "classless, the second cut off", options: [121: hex("10 0a14 0a090002 10 0a15 0a09")],
            routes: ["10.20.0.0/16 10.9.0.2"]),
        RouteCase(
            testDescription: "classless, of 33 bits", options: [121: hex("21 0a14000000 0a090002"), 3: [10, 9, 0, 1]],
            routes: ["0.0.0.0/0 10.9.0.1"]),
        RouteCase(
            testDescription: "classless, by a group", options: [121: hex("10 0a14 e0000001 10 0a15 0a090002")],
            routes: ["10.21.0.0/16 10.9.0.2"]),
        RouteCase(testDescription: "half a router", options: [3: [10, 9]], routes: []),
        RouteCase(testDescription: "none", options: [:], routes: []),
    ])
    func readsRoutes(test: RouteCase) throws {
        #expect(try Fixture.lease(test.options).routes.map { "\($0.destination) \($0.router)" } == test.routes)
    }

    struct TimeCase: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let options: [UInt8: [UInt8]]
        /// Seconds.
        let times: [Int]?
    }

    @Test(arguments: [
        TimeCase(testDescription: "duration alone", options: [51: [0, 0, 0, 80]], times: [40, 70, 80]),
        TimeCase(
            testDescription: "all three", options: [51: [0, 0, 0, 80], 58: [0, 0, 0, 10], 59: [0, 0, 0, 20]],
            times: [10, 20, 80]),
        TimeCase(testDescription: "none", options: [:], times: [1800, 3150, 3600]),
        TimeCase(testDescription: "without end", options: [51: [255, 255, 255, 255]], times: nil),
        TimeCase(testDescription: "of no length", options: [51: [0, 0, 0, 0]], times: [1, 1, 2]),
        TimeCase(
            testDescription: "renewal after the end",
            options: [51: [0, 0, 0, 80], 58: [0, 0, 1, 0], 59: [255, 255, 255, 255]], times: [40, 70, 80]),
        TimeCase(
            testDescription: "renewal after rebinding",
            options: [51: [0, 0, 0, 80], 58: [0, 0, 0, 60], 59: [0, 0, 0, 50]], times: [50, 50, 80]),
        TimeCase(testDescription: "three bytes", options: [51: [0, 0, 80]], times: [1800, 3150, 3600]),
    ])
    func readsTimes(test: TimeCase) throws {
        let times = try Fixture.lease(test.options, at: 5000).times
        #expect(times.map { [$0.renewal, $0.rebinding, $0.expiry].map { ($0 - 5000) / 1000 } } == test.times)
    }

    @Test(
        arguments: [
            ([255, 255, 255, 0], "10.9.0.52/24"), ([255, 255, 255, 255], "10.9.0.52/32"),
            ([128, 0, 0, 0], "10.9.0.52/1"),
            ([0, 0, 0, 0], nil), ([255, 0, 255, 0], nil), ([255, 255], nil),
        ] as [([UInt8], String?)])
    func needsAMaskOfOnePiece(mask: [UInt8], address: String?) {
        #expect((try? Fixture.lease([1: mask]))?.address.description == address)
    }

    @Test(arguments: ["0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "240.0.0.1"])
    func refusesAnAddressThatNoHostHas(text: String) {
        let question = DHCPMessage(.request, isReply: false, transaction: 1, hardwareAddress: Fixture.mac)
        let message = Fixture.answer(.acknowledgement, to: question, Fixture.address(text))
        #expect(throws: DHCPLease.Incomplete.self) { try DHCPLease(message, from: Fixture.mac, at: 0) }
    }

    @Test func readsNames() throws {
        let lease = try Fixture.lease([
            6: [10, 9, 0, 1, 0, 0, 0, 0, 10, 9, 0, 2, 7], 15: Array("example.org\0".utf8),
            // a.example, and b with a pointer to the end of it.
            119: hex("01 61 07 6578616d706c65 00", "01 62 c002"),
        ])
        #expect(lease.nameServers.map(\.description) == ["10.9.0.1", "10.9.0.2"])
        #expect(lease.domain == "example.org")
        #expect(lease.searchDomains == ["a.example", "b.example"])
    }

    @Test(arguments: [
        "example\nnameserver 6.6.6.6", "a b", "", "a..b", ".", "é.example", "x;y", String(repeating: "a", count: 64),
        String(repeating: "a.", count: 127),
    ])
    func passesOverANameThatIsNone(name: String) throws {
        #expect(try Fixture.lease([15: Array(name.utf8)]).domain == nil)
    }

    @Test(
        arguments: [
            // A pointer to itself, forward, to what points back, and one that is cut off.
            ("c000", []), ("0161 c009 00", []), ("0161 c000", []), ("0161 c0", []), ("0561", []), ("80", []),
            ("0161 00 0162", ["a"]), ("0120 00 0162 00", ["b"]),
        ] as [(String, [String])])
    func survivesListsOfNamesThatAreNone(digits: String, names: [String]) throws {
        #expect(try Fixture.lease([119: hex(digits)]).searchDomains == names)
    }

    @Test(
        arguments: [([5, 120], 1400 as UInt16?), ([0, 67], nil), ([5], nil), ([0, 68], 68)] as [([UInt8], UInt16?)])
    func readsAnMTUThatLinksMayHave(bytes: [UInt8], mtu: UInt16?) throws {
        #expect(try Fixture.lease([26: bytes]).mtu == mtu)
    }
}
