import JSON
import TestSupport
import Testing

@Suite struct StaticTests {
    private static let everyVersion = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]

    private func call(
        _ ipam: JSONObject = [:], version: String = "1.0.0", arguments: String? = nil, more: JSONObject = [:]
    ) -> PluginCall {
        var members = ipam
        members["type"] = "static"
        var object: JSONObject = ["cniVersion": .string(version), "name": "n", "ipam": .object(members)]
        for member in more.members { object[member.name] = member.value }
        var call = PluginCall("static", .object(object))
        call.namespacePath = "/some/where"
        call.arguments = arguments
        return call
    }

    private func add(
        _ ipam: JSONObject = [:], version: String = "1.0.0", arguments: String? = nil, more: JSONObject = [:]
    ) throws -> PluginOutcome {
        try call(ipam, version: version, arguments: arguments, more: more).run("ADD", on: ThisMachine())
    }

    private static let full: JSONObject = [
        "addresses": [
            ["address": "10.10.0.1/24", "gateway": "10.10.0.254"],
            ["address": "3ffe:ffff:0:1ff::1/64", "gateway": "3ffe:ffff::1"],
        ],
        "routes": [
            ["dst": "0.0.0.0/0"], ["dst": "192.168.0.0/16", "gw": "10.10.5.1"],
            ["dst": "3ffe:ffff:0:1ff::/64", "priority": 7, "table": 12],
        ],
        "dns": ["nameservers": ["8.8.8.8"], "domain": "example.com", "search": ["example.com"]],
    ]

    private static let addresses: JSONObject = ["addresses": [["address": "10.10.0.1/24", "gateway": "10.10.0.254"]]]

    @Test(arguments: ["1.0.0", "1.1.0"])
    func tellsWhatIsConfiguredInItsOrder(version: String) throws {
        let added = try add(Self.full, version: version)
        #expect(
            added.json.sorted
                == JSONValue.object([
                    "cniVersion": .string(version),
                    "dns": Self.full["dns"] ?? .null, "ips": Self.full["addresses"] ?? .null,
                    "routes": Self.full["routes"] ?? .null,
                ]).sorted)
    }

    @Test(arguments: ["0.1.0", "0.2.0"])
    func speaksTheVersionsWithOneAddressOfAFamily(version: String) throws {
        let added = try add(Self.full, version: version)
        #expect(added.json.object?["cniVersion"]?.string == version)
        #expect(added.json.object?["ip4"]?.object?["ip"] == "10.10.0.1/24")
        #expect(added.json.object?["ip4"]?.object?["gateway"] == "10.10.0.254")
        #expect(added.json.object?["ip4"]?.object?["routes"]?.array?.count == 2)
        #expect(added.json.object?["ip6"]?.object?["ip"] == "3ffe:ffff:0:1ff::1/64")
    }

    @Test(arguments: ["0.3.0", "0.3.1", "0.4.0"])
    func tellsTheFamilyWhereTheVersionHasIt(version: String) throws {
        let entries = try add(Self.full, version: version).json.object?["ips"]?.array ?? []
        #expect(entries.compactMap { $0.object?["version"]?.string } == ["4", "6"])
    }

    @Test func keepsTwoDefaultRoutes() throws {
        let added = try add([
            "addresses": [["address": "10.10.0.1/24"]],
            "routes": [["dst": "0.0.0.0/0", "gw": "10.10.0.253"], ["dst": "0.0.0.0/0", "gw": "10.10.0.254"]],
        ])
        let gateways = added.json.object?["routes"]?.array?.compactMap { $0.object?["gw"]?.string }
        #expect(gateways == ["10.10.0.253", "10.10.0.254"])
    }

    struct Sources: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var ipam: JSONObject = [:]
        var arguments: String?
        var more: JSONObject = [:]
        /// Addresses, with `>` and the gateway behind them where they have one.
        let expected: [String]
    }

    private static let runtime: JSONObject = ["runtimeConfig": ["ips": ["10.30.0.1/16", "fd00:30::1/64"]]]
    private static let convention: JSONObject = ["args": ["cni": ["ips": ["10.20.0.1/24"]]]]

    static let sources = [
        Sources(testDescription: "none", expected: []),
        Sources(testDescription: "addresses", ipam: addresses, expected: ["10.10.0.1/24>10.10.0.254"]),
        Sources(
            testDescription: "CNI_ARGS", arguments: "IP=10.10.0.1/24;GATEWAY=10.10.0.254",
            expected: ["10.10.0.1/24>10.10.0.254"]),
        Sources(
            testDescription: "a gateway in the network of one address",
            arguments: "IP=10.10.0.1/24, 11.11.0.1/24;GATEWAY=10.10.0.254",
            expected: ["10.10.0.1/24>10.10.0.254", "11.11.0.1/24"]),
        Sources(
            testDescription: "gateways of both families",
            arguments: "IP=10.10.0.1/24,fd00::2/64;GATEWAY=fd00::1, 10.10.0.254",
            expected: ["10.10.0.1/24>10.10.0.254", "fd00::2/64>fd00::1"]),
        Sources(
            testDescription: "CNI_ARGS beside addresses", ipam: addresses, arguments: "IP=10.11.0.2/24",
            expected: ["10.10.0.1/24>10.10.0.254", "10.11.0.2/24"]),
        Sources(
            testDescription: "a gateway for what is configured", ipam: addresses, arguments: "GATEWAY=10.10.0.9",
            expected: ["10.10.0.1/24>10.10.0.9"]),
        Sources(
            testDescription: "arguments of others", arguments: "IgnoreUnknown=1;K8S_POD_NAME=web;IP=10.1.0.2/16",
            expected: ["10.1.0.2/16"]),
        Sources(testDescription: "args.cni.ips", ipam: addresses, more: convention, expected: ["10.20.0.1/24"]),
        Sources(
            testDescription: "args.cni.ips instead of CNI_ARGS", arguments: "IP=10.11.0.2/24;GATEWAY=10.20.0.254",
            more: convention, expected: ["10.20.0.1/24"]),
        Sources(
            testDescription: "runtimeConfig.ips", ipam: addresses, more: runtime,
            expected: ["10.30.0.1/16", "fd00:30::1/64"]),
        Sources(
            testDescription: "runtimeConfig.ips before all others", ipam: addresses, arguments: "IP=10.11.0.2/24",
            more: ["runtimeConfig": runtime["runtimeConfig"] ?? .null, "args": convention["args"] ?? .null],
            expected: ["10.30.0.1/16", "fd00:30::1/64"]),
        Sources(
            testDescription: "an empty list of the runtime", ipam: addresses, more: ["runtimeConfig": ["ips": []]],
            expected: ["10.10.0.1/24>10.10.0.254"]),
        Sources(
            testDescription: "a configured address that is none, and is not used",
            ipam: ["addresses": [["address": "nonsense"]]], more: runtime,
            expected: ["10.30.0.1/16", "fd00:30::1/64"]),
        Sources(
            testDescription: "names in other cases", ipam: ["Addresses": [["ADDRESS": "10.1.1.2/24", "gateway": ""]]],
            expected: ["10.1.1.2/24"]),
    ]

    @Test(arguments: sources)
    func takesAddressesFromTheirSourcesInOrder(source: Sources) throws {
        let added = try add(source.ipam, arguments: source.arguments, more: source.more)
        #expect(added.succeeded, "\(added.output)")
        #expect(Self.addresses(of: added) == source.expected)
    }

    @Test(.enabled(if: Executables.hasReference), arguments: sources)
    func givesWhatTheReferenceGives(source: Sources) throws {
        var call = call(source.ipam, arguments: source.arguments, more: source.more)
        call.directory = Executables.reference
        let added = try call.run("ADD", on: ThisMachine())
        // Debian's 1.1 has not read the configured addresses yet when it looks for the network of a gateway.
        let isIntended = source.testDescription == "a gateway for what is configured"
        #expect((Self.addresses(of: added) == source.expected) == !isIntended, "\(added.output)")
    }

    private static func addresses(of outcome: PluginOutcome) -> [String] {
        outcome.json.object?["ips"]?.array?.compactMap(\.object).map { entry in
            [entry["address"]?.string, entry["gateway"]?.string].compactMap(\.self).joined(separator: ">")
        } ?? []
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var ipam: JSONObject = [:]
        var version = "1.0.0"
        var arguments: String?
        var more: JSONObject = [:]
        let code: Int
        let message: String
    }

    static let refusals = [
        Refusal(
            testDescription: "no prefix length", ipam: ["addresses": [["address": "10.1.1.2"]]], code: 7,
            message: "the 'address' field is expected to be in CIDR notation, got: '10.1.1.2'"),
        Refusal(
            testDescription: "no address", ipam: ["addresses": [[:]]], code: 7,
            message: "the 'address' field is expected to be in CIDR notation, got: ''"),
        Refusal(
            testDescription: "no prefix length in CNI_ARGS", arguments: "IP=10.1.1.2", code: 4,
            message: "the 'ip' field is expected to be in CIDR notation, got: '10.1.1.2'"),
        Refusal(
            testDescription: "a gateway that is none", arguments: "IP=10.1.1.2/24;GATEWAY=zz", code: 4,
            message: "invalid gateway address: zz"),
        Refusal(
            testDescription: "no prefix length in args", more: ["args": ["cni": ["ips": ["10.1.1.2"]]]], code: 7,
            message: "an entry in the 'ips' field is NOT in CIDR notation, got: '10.1.1.2'"),
        Refusal(
            testDescription: "no prefix length of the runtime", more: ["runtimeConfig": ["ips": ["10.1.1.2"]]],
            code: 7, message: "an entry in the 'ips' field is NOT in CIDR notation, got: '10.1.1.2'"),
        Refusal(
            testDescription: "an argument that it does not know", arguments: "FOO=1", code: 4,
            message: #"ARGS: unknown args ["FOO=1"]"#),
        Refusal(
            testDescription: "no ipam, with args", more: ["ipam": .null, "args": ["cni": ["ips": ["10.1.1.2/24"]]]],
            code: 7, message: "IPAM config missing 'ipam' key"),
        Refusal(
            testDescription: "no ipam, with addresses of the runtime",
            more: ["ipam": .null, "runtimeConfig": ["ips": ["10.1.1.2/24"]]],
            code: 7, message: "IPAM config missing 'ipam' key"),
        Refusal(
            testDescription: "two addresses of a family in 0.2.0", version: "0.2.0",
            arguments: "IP=10.10.0.1/24,11.11.0.1/24", code: 1,
            message: "CNI version 0.2.0 does not support more than 1 address per family"),
        Refusal(
            testDescription: "two addresses of a family in 0.1.0",
            ipam: ["addresses": [["address": "fd00::1/64"], ["address": "fd00::2/64"]]], version: "0.1.0", code: 1,
            message: "CNI version 0.1.0 does not support more than 1 address per family"),
    ]

    @Test(arguments: refusals)
    func refusesWhatIsNoAddress(refusal: Refusal) throws {
        let added = try add(
            refusal.ipam, version: refusal.version, arguments: refusal.arguments, more: refusal.more)
        #expect(added.errorCode == refusal.code)
        #expect(added.errorMessage == refusal.message)
    }

    @Test(.enabled(if: Executables.hasReference), arguments: refusals)
    func refusesInTheWordsOfTheReference(refusal: Refusal) throws {
        var call = call(refusal.ipam, version: refusal.version, arguments: refusal.arguments, more: refusal.more)
        call.directory = Executables.reference
        #expect(try call.run("ADD", on: ThisMachine()).errorMessage == refusal.message)
    }

    @Test(arguments: everyVersion)
    func deletesWhateverIsConfigured(version: String) throws {
        for ipam: JSONObject in [Self.full, [:], ["addresses": [["address": "nonsense"]]]] {
            let deleted = try call(ipam, version: version).run("DEL", on: ThisMachine())
            #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        }
        var call = call(more: ["ipam": .null])
        call.namespacePath = nil
        #expect(try call.run("DEL", on: ThisMachine()).succeeded)
    }

    @Test(arguments: ["0.4.0", "1.0.0", "1.1.0"])
    func checksWhatItAdded(version: String) throws {
        let call = call(Self.full, version: version, arguments: "IP=10.11.0.2/24")
        let added = try call.run("ADD", on: ThisMachine())
        let checked = try call.after(added).run("CHECK", on: ThisMachine())
        #expect(checked.succeeded, "\(checked.output)")
    }

    @Test func checkNamesEveryAddressThatIsMissing() throws {
        let added = try add(Self.addresses)
        let later = call([
            "addresses": [
                ["address": "10.10.0.1/24", "gateway": "10.10.0.9"], ["address": "fd00::2/64"],
                ["address": "10.10.0.1/24"],
            ]
        ])
        let checked = try later.after(added).run("CHECK", on: ThisMachine())
        #expect(checked.errorCode == 999)
        #expect(
            checked.errorMessage == "static: Failed to match addr 10.10.0.1/24 with gateway 10.10.0.9 on interface "
                + "eth0; static: Failed to match addr fd00::2/64 on interface eth0")
    }

    @Test func checkLooksAtItsOwnInterfaceAlone() throws {
        let previous: JSONObject = [
            "cniVersion": "1.0.0", "interfaces": [["name": "eth1", "sandbox": "/x"]],
            "ips": [["address": "10.10.0.1/24", "interface": 0, "gateway": "10.10.0.254"]],
        ]
        var call = call(Self.addresses, more: ["prevResult": .object(previous)])
        #expect(try !call.run("CHECK", on: ThisMachine()).succeeded)
        call.interfaceName = "eth1"
        #expect(try call.run("CHECK", on: ThisMachine()).succeeded)
    }

    @Test func checkNeedsThePreviousResult() throws {
        let checked = try call(Self.addresses).run("CHECK", on: ThisMachine())
        #expect(checked.errorCode == 7)
        #expect(checked.errorMessage == "Required prevResult missing")
    }

    @Test func statusSaysWhetherTheConfigurationWillDo() throws {
        #expect(try call(Self.full, version: "1.1.0").run("STATUS", on: ThisMachine()).succeeded)
        let bad = try call(["addresses": [["address": "10.1.1.2"]]], version: "1.1.0").run(
            "STATUS", on: ThisMachine())
        #expect(bad.errorCode == 50)
        #expect(bad.errorMessage == "the 'address' field is expected to be in CIDR notation, got: '10.1.1.2'")
    }

    @Test func hasNothingToCollect() throws {
        let collected = try call(Self.full, version: "1.1.0", more: ["cni.dev/valid-attachments": []]).run(
            "GC", on: ThisMachine())
        #expect(collected.succeeded && collected.output.isEmpty)
    }
}
