import Addressing
import CNI
import JSON
import Testing

struct CNIResultTests {
    /// Everything that a result can tell.
    static let full: JSONValue = [
        "cniVersion": "1.1.0",
        "interfaces": [
            ["name": "br0", "mac": "02:00:00:00:00:01"],
            [
                "name": "eth0", "mac": "02:00:00:00:00:02", "mtu": 1500, "sandbox": "/run/netns/x", "socketPath": "/s",
                "pciID": "8086:9a01",
            ],
        ],
        "ips": [
            ["interface": 0, "address": "10.1.2.3/24", "gateway": "10.1.2.1"],
            ["interface": 1, "address": "fd00::3/64", "gateway": "fd00::1"], ["address": "10.1.2.4/24"],
        ],
        "routes": [
            ["dst": "0.0.0.0/0"],
            [
                "dst": "10.9.0.0/16", "gw": "10.1.2.9", "mtu": 1400, "advmss": 1340, "priority": 100, "table": 0,
                "scope": 253,
            ],
            ["dst": "::/0", "gw": "fd00::9"],
        ],
        "dns": ["nameservers": ["10.0.0.1"], "domain": "a.example", "search": ["b.example"], "options": ["c"]],
    ]

    private static func result(_ value: JSONValue) throws -> CNIResult {
        try CNIResult(reading: JSONReader(value), defaultVersion: .latest)
    }

    @Test func readsAndWritesEverythingOfTheLatest() throws {
        let written = try Self.result(Self.full).encoded(as: .v1_1_0)
        #expect(JSONValue.object(written).sorted == Self.full.sorted)
        // As the reference prints it: every level in alphabetical order.
        #expect(JSONValue.object(written) == JSONValue.object(written).sorted)
    }

    @Test(arguments: [CNIVersion.v0_3_0, .v0_3_1, .v0_4_0])
    func olderVersionsNumberTheFamilies(version: CNIVersion) throws {
        let written = try Self.result(Self.full).encoded(as: version)
        #expect(written.members.map(\.name) == ["cniVersion", "interfaces", "ips", "routes", "dns"])
        #expect(
            written["ips"]?.array?.first
                == ["version": "4", "interface": 0, "address": "10.1.2.3/24", "gateway": "10.1.2.1"])
        #expect(written["interfaces"]?.array?.last?.object?.members.map(\.name) == ["name", "mac", "sandbox"])
        let back = try CNIResult(reading: JSONReader(.object(written)), defaultVersion: .latest)
        #expect(back.addresses == (try Self.result(Self.full)).addresses)
        #expect(back.routes == (try Self.result(Self.full)).routes)
    }

    @Test(arguments: [CNIVersion.v0_1_0, .v0_2_0])
    func theOldestKnowOneAddressOfAFamily(version: CNIVersion) throws {
        let expected: JSONValue = [
            "cniVersion": .string(version.rawValue),
            "ip4": [
                "ip": "10.1.2.3/24", "gateway": "10.1.2.1",
                "routes": [["dst": "0.0.0.0/0"], ["dst": "10.9.0.0/16", "gw": "10.1.2.9"]],
            ],
            "ip6": ["ip": "fd00::3/64", "gateway": "fd00::1", "routes": [["dst": "::/0", "gw": "fd00::9"]]],
            "dns": ["nameservers": ["10.0.0.1"], "domain": "a.example", "search": ["b.example"], "options": ["c"]],
        ]
        #expect(try JSONValue.object(Self.result(Self.full).encoded(as: version)) == expected)
        let back = try Self.result(expected)
        #expect(back.addresses.map { "\($0.address)" } == ["10.1.2.3/24", "fd00::3/64"])
        #expect(back.routes.count == 3 && back.interfaces.isEmpty)
    }

    @Test func theOldestCannotTellAResultWithoutAddresses() {
        let error = #expect(throws: CNIError.self) { try CNIResult().encoded(as: .v0_2_0) }
        #expect(error?.message == "cannot convert: no valid IP addresses")
    }

    @Test func emptyPartsAreLeftOut() throws {
        #expect(try JSONValue.object(CNIResult().encoded(as: .v1_0_0)) == ["cniVersion": "1.0.0"])
        #expect(try JSONValue.object(CNIResult().encoded(as: .v0_4_0)) == ["cniVersion": "0.4.0", "dns": [:]])
    }

    struct Bad: Sendable {
        var value: JSONValue
        var message: String
    }

    @Test(arguments: [
        Bad(value: ["ips": [["address": "10.1.2.300/24"]]], message: "ips[0].address: expected an address"),
        Bad(value: ["ips": [["address": "10.1.2.3/24", "gateway": "x"]]], message: "ips[0].gateway: expected an IP"),
        Bad(
            value: ["ips": [["address": "10.1.2.3/24", "interface": "0"]]],
            message: "ips[0].interface: expected an integer"),
        Bad(value: ["routes": [["gw": "10.1.2.1"]]], message: "routes[0].dst: missing"),
        Bad(value: ["routes": [["dst": "10.0.0.0/8", "table": -1]]], message: "routes[0].table: expected an integer"),
        Bad(value: ["cniVersion": "7.0.0"], message: "unsupported CNI result version \"7.0.0\""),
        Bad(value: ["dns": []], message: "dns: expected an object"),
        Bad(value: [], message: "expected an object"),
    ])
    func saysWhereAResultIsWrong(bad: Bad) {
        let error = #expect(throws: JSONError.self) { try Self.result(bad.value) }
        #expect(error?.description.hasPrefix(bad.message) == true, "\(error?.description ?? "")")
    }
}
