import JSON
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct SBRTests {
    let host: TestHost
    let container: TestContainer

    /// A container with a default route by `eth0`, and an interface `net1` whose packets are to go their own way.
    init() throws {
        host = try TestHost()
        container = try TestContainer()
        try container.namespace.shell(
            """
            ip link set lo up
            for name in eth0 net1; do
                ip link add $name type veth peer name other-$name
                ip link set $name up
                ip link set other-$name up
            done
            ip address add 10.0.0.2/24 dev eth0
            ip route add default via 10.0.0.1 dev eth0
            ip address add 192.168.1.209/24 dev net1
            ip route add 192.168.2.0/24 via 192.168.1.2 dev net1
            ip address add fd00:1::9/64 dev net1 nodad
            """)
    }

    private static let v4: JSONValue = ["address": "192.168.1.209/24", "gateway": "192.168.1.1", "interface": 0]
    private static let v6: JSONValue = ["address": "fd00:1::9/64", "gateway": "fd00:1::1", "interface": 0]

    private func call(_ more: JSONObject = [:], ips: [JSONValue] = [v4, v6], routes: [JSONValue] = []) -> PluginCall {
        var object: JSONObject = [
            "cniVersion": "1.0.0", "name": "n", "type": "sbr",
            "prevResult": [
                "cniVersion": "1.0.0", "interfaces": [["name": "net1", "sandbox": .string(container.path)]],
                "ips": .array(ips), "routes": .array(routes), "x": "y",
            ],
        ]
        for member in more.members { object[member.name] = member.value == .null ? nil : member.value }
        var call = PluginCall("sbr", .object(object), in: container)
        call.interfaceName = "net1"
        return call
    }

    /// As the plugin before does with a new interface.
    private func giveAddressesAnew() throws {
        try container.namespace.shell(
            """
            ip address flush dev net1
            ip address add 192.168.1.209/24 dev net1
            ip address add fd00:1::9/64 dev net1 nodad
            """)
    }

    /// The rules of both families but for the kernel's own, without their priorities.
    private func rules() throws -> [String] {
        try ["-4", "-6"].flatMap { family in
            try container.run("ip", family, "rule", "show").split(separator: "\n").map {
                $0.split(separator: "\t").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
            }
        }.filter { !$0.hasPrefix("from all") }
    }

    private func routes(_ family: String, _ table: String) throws -> [String] {
        let outcome = try container.outcome(of: ["ip", family, "route", "show", "table", table])
        return outcome.output.split(separator: "\n")
            .map { $0.replacing(/\ (proto|metric|pref) \w+/, with: "").trimmingCharacters(in: .whitespaces) }
            .filter { !$0.contains("fe80") && !$0.hasPrefix("ff00") && !$0.contains("multicast") }.sorted()
    }

    @Test func routesOfTheInterfaceMoveToTablesOfItsAddresses() throws {
        let added = try call().run("ADD", on: host)
        try #require(added.succeeded, "\(added.output)")
        #expect(added.json.object?["x"] == "y")
        #expect(added.addresses == ["192.168.1.209/24", "fd00:1::9/64"])
        #expect(
            try rules() == [
                "from 192.168.1.209 lookup 100 proto 193", "from fd00:1::9 lookup 101 proto 193",
            ])
        #expect(
            try routes("-4", "100") == [
                "192.168.1.0/24 dev net1 scope link src 192.168.1.209", "192.168.2.0/24 via 192.168.1.2 dev net1",
                "default via 192.168.1.1 dev net1",
            ])
        #expect(try routes("-6", "101") == ["default via fd00:1::1 dev net1", "fd00:1::/64 dev net1"])
        #expect(try routes("-6", "100").isEmpty)
        #expect(
            try routes("-4", "main") == [
                "10.0.0.0/24 dev eth0 scope link src 10.0.0.2", "default via 10.0.0.1 dev eth0",
            ])
        #expect(try routes("-6", "main").isEmpty)
        #expect(try container.run("ip", "route", "get", "203.0.113.1", "from", "192.168.1.209").contains("net1"))
        #expect(try container.run("ip", "route", "get", "203.0.113.1").contains("eth0"))
        #expect(try call().run("CHECK", on: host).succeeded)
    }

    @Test func addingAgainAndDeletingTwiceSucceed() throws {
        #expect(try call().run("ADD", on: host).succeeded)
        let (first, table) = (try rules(), try routes("-4", "100"))
        let again = try call().run("ADD", on: host)
        #expect(again.succeeded, "\(again.output)")
        #expect(try rules() == first)
        #expect(try routes("-4", "100") == table)
        for previous: JSONValue? in [nil, .null] {
            let deleted = try call(previous.map { ["prevResult": $0] } ?? [:]).run("DEL", on: host)
            #expect(deleted.succeeded, "\(deleted.output)")
            #expect(try rules().isEmpty)
            #expect(try routes("-4", "100").isEmpty)
        }
    }

    @Test func deletingNeedsNoPreviousResultNoInterfaceAndNoNamespace() throws {
        #expect(try call().run("ADD", on: host).succeeded)
        #expect(try call(["prevResult": .null]).run("DEL", on: host).succeeded)
        #expect(try rules().isEmpty)
        try giveAddressesAnew()
        #expect(try call().run("ADD", on: host).succeeded)
        try container.run("ip", "link", "delete", "net1")
        #expect(try call().run("DEL", on: host).succeeded)
        #expect(try rules().isEmpty)
        var call = call()
        for path in [nil, "\(host.directory.path)/none"] {
            call.namespacePath = path
            #expect(try call.run("DEL", on: host).succeeded)
        }
        #expect(!host.directory.names().contains("none"))
    }

    @Test func tablesThatAnythingUsesAreLeftAlone() throws {
        try container.namespace.shell(
            """
            ip rule add from 10.9.9.9 lookup 100
            ip route add 203.0.113.0/24 dev eth0 table 101
            """)
        #expect(try call(ips: [Self.v4]).run("ADD", on: host).succeeded)
        #expect(try rules().contains("from 192.168.1.209 lookup 102 proto 193"))
        #expect(try call(ips: [Self.v4]).run("DEL", on: host).succeeded)
        #expect(try rules() == ["from 10.9.9.9 lookup 100"])
        #expect(try routes("-4", "101") == ["203.0.113.0/24 dev eth0 scope link"])
    }

    @Test func rulesThatAPersonMadeForAnAddressStay() throws {
        try container.namespace.shell(
            """
            ip rule add from 192.168.1.209 lookup 300 priority 50
            ip rule add from 192.168.1.209 fwmark 7 lookup 301 proto 193
            """)
        let before = try rules()
        #expect(try call(ips: [Self.v4]).run("ADD", on: host).succeeded)
        #expect(try rules().contains("from 192.168.1.209 lookup 100 proto 193"))
        #expect(try call(ips: [Self.v4]).run("DEL", on: host).succeeded)
        #expect(try rules() == before)
    }

    /// A late DEL may come with a path that leads to the namespace of another container by now.
    @Test func deletingGoesByWhatThePreviousResultTells() throws {
        #expect(try call().run("ADD", on: host).succeeded)
        let before = try rules()
        let other: JSONValue = ["address": "192.168.1.77/24", "interface": 0]
        #expect(try call(ips: [other]).run("DEL", on: host).succeeded)
        #expect(try rules() == before)
        #expect(try routes("-4", "100").count == 3)
    }

    @Test func interfacesThatAreAttachedAtOnceHaveTablesOfTheirOwn() async throws {
        let numbers = 1...6
        try container.namespace.shell(
            numbers.map { number in
                """
                ip link add m\(number) type veth peer name other\(number)
                ip link set m\(number) up
                ip link set other\(number) up
                ip address add 10.7.\(number).2/24 dev m\(number)

                """
            }.joined())
        let calls = numbers.map { number in
            var call = call(ips: [["address": "10.7.\(number).2/24", "gateway": "10.7.\(number).1"]])
            call.interfaceName = "m\(number)"
            return call
        }
        let host = host
        try await withThrowingTaskGroup { group in
            for call in calls { group.addTask { try await onThread { try call.run("ADD", on: host) } } }
            for try await added in group { #expect(added.succeeded, "\(added.output)") }
        }
        let tables = try rules().compactMap { $0.split(separator: " ").dropFirst(3).first }
        #expect(tables.sorted() == ["100", "101", "102", "103", "104", "105"])
        for number in numbers {
            let way = try container.run("ip", "route", "get", "203.0.113.1", "from", "10.7.\(number).2")
            #expect(way.contains("via 10.7.\(number).1 dev m\(number)"))
        }
    }

    @Test func addressesOfOneInterfaceHaveTablesOfTheirOwn() throws {
        try container.run("ip", "address", "add", "192.168.101.209/24", "dev", "net1")
        let second: JSONValue = ["address": "192.168.101.209/24", "gateway": "192.168.101.1", "interface": 7]
        let added = try call(ips: [Self.v4, second]).run("ADD", on: host)
        #expect(added.succeeded, "\(added.output)")
        #expect(
            try Set(rules()) == [
                "from 192.168.1.209 lookup 100 proto 193", "from 192.168.101.209 lookup 101 proto 193",
            ])
        #expect(
            try routes("-4", "101") == [
                "192.168.101.0/24 dev net1 scope link src 192.168.101.209", "default via 192.168.101.1 dev net1",
            ])
        #expect(try !routes("-4", "main").contains { $0.contains("net1") })
    }

    @Test func defaultRouteOfTheInterfaceMovesWithTheOthers() throws {
        try container.namespace.shell(
            """
            ip route del default
            ip route add default via 192.168.1.1 dev net1
            """)
        #expect(try call(ips: [Self.v4]).run("ADD", on: host).succeeded)
        #expect(try routes("-4", "100").filter { $0.hasPrefix("default") } == ["default via 192.168.1.1 dev net1"])
        #expect(try routes("-4", "main") == ["10.0.0.0/24 dev eth0 scope link src 10.0.0.2"])
    }

    @Test func routesThatBelongToNoneOfTheAddressesStay() throws {
        try container.namespace.shell(
            """
            ip address add 172.16.0.2/24 dev net1
            ip route add 172.17.0.0/16 via 172.16.0.1 dev net1
            """)
        #expect(try call(ips: [Self.v4]).run("ADD", on: host).succeeded)
        #expect(
            try routes("-4", "main").filter { $0.contains("net1") } == [
                "172.16.0.0/24 dev net1 scope link src 172.16.0.2", "172.17.0.0/16 via 172.16.0.1 dev net1",
            ])
    }

    @Test func failureLeavesEverythingAsItWas() throws {
        func state() throws -> [String] {
            try rules() + routes("-4", "main") + routes("-6", "main") + routes("-4", "100") + routes("-6", "101")
        }
        let before = try state()
        let failed = try call(["gateways": ["203.0.113.1"]]).run("ADD", on: host)
        #expect(failed.errorMessage?.contains("default via 203.0.113.1") == true, "\(failed.output)")
        #expect(try state() == before)
        // So does one that would have changed what an earlier one made.
        #expect(try call().run("ADD", on: host).succeeded)
        let added = try state()
        #expect(try !call(["gateways": ["192.168.1.9", "fd99::1"]]).run("ADD", on: host).succeeded)
        #expect(try state() == added)
    }

    @Test(arguments: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    func servesEveryVersion(version: String) throws {
        let old: JSONObject = [
            "cniVersion": .string(version), "ip4": ["ip": "192.168.1.209/24", "gateway": "192.168.1.1"], "dns": [:],
        ]
        var new: JSONObject = [
            "cniVersion": .string(version), "interfaces": [["name": "net1", "sandbox": .string(container.path)]],
            "ips": [Self.v4], "dns": [:],
        ]
        if version < "1.0.0" {
            new["ips"] = [
                ["version": "4", "address": "192.168.1.209/24", "gateway": "192.168.1.1", "interface": 0]
            ]
        }
        let previous = version < "0.3.0" ? old : new
        let call = call(["cniVersion": .string(version), "prevResult": .object(previous)])
        let added = try call.run("ADD", on: host)
        #expect(added.succeeded, "\(added.output)")
        for member in previous.members where member.name != "dns" {
            #expect(added.json.object?[member.name]?.sorted == member.value.sorted, "\(added.output)")
        }
        #expect(try rules() == ["from 192.168.1.209 lookup 100 proto 193"])
        #expect(try routes("-4", "100").contains("default via 192.168.1.1 dev net1"))
        #expect(try call.run("DEL", on: host).succeeded)
        #expect(try rules().isEmpty)
    }

    @Test func statusAndGarbageCollectionAnswer() throws {
        let members: JSONObject = ["cniVersion": "1.1.0", "prevResult": .null]
        #expect(try call(members).run("STATUS", on: host).succeeded)
        let bad = try call(members.with("gateways", ["nowhere"])).run("STATUS", on: host)
        #expect(bad.errorCode == 50)
        #expect(try call().run("ADD", on: host).succeeded)
        let before = try rules()
        #expect(try call(members.with("cni.dev/valid-attachments", [])).run("GC", on: host).succeeded)
        #expect(try rules() == before)
    }

    @Test func tableOfTheUsersGetsRulesAlone() throws {
        let before = try routes("-4", "main")
        #expect(try call(["table": 5000]).run("ADD", on: host).succeeded)
        #expect(try call(["table": 5000]).run("ADD", on: host).succeeded)
        #expect(
            try rules() == [
                "from 192.168.1.209 lookup 5000 proto 193", "from fd00:1::9 lookup 5000 proto 193",
            ])
        #expect(try routes("-4", "main") == before)
        #expect(try routes("-4", "5000").isEmpty)
        #expect(try call(["table": 5000]).run("DEL", on: host).succeeded)
        #expect(try rules().isEmpty)
    }

    @Test func gatewaysAreWhatTheUserSaysOrTheResultTells() throws {
        #expect(try call(["gateways": ["192.168.1.77", "fd00:1::77"]]).run("ADD", on: host).succeeded)
        #expect(try routes("-4", "100").contains("default via 192.168.1.77 dev net1"))
        #expect(try routes("-6", "101").contains("default via fd00:1::77 dev net1"))
        #expect(try call().run("DEL", on: host).succeeded)

        try giveAddressesAnew()
        let told = call(
            ips: [["address": "192.168.1.209/24", "interface": 0]],
            routes: [["dst": "0.0.0.0/0", "gw": "192.168.1.99"]])
        #expect(try told.run("ADD", on: host).succeeded)
        #expect(try routes("-4", "100").contains("default via 192.168.1.99 dev net1"))
    }

    @Test func sourceHintsKeepTheNetworkInTheMainTable() throws {
        let added = try call(["addSourceHints": true], ips: [Self.v4]).run("ADD", on: host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try routes("-4", "main").contains("192.168.1.0/24 dev net1 scope link src 192.168.1.209"))
        #expect(try !routes("-4", "main").contains { $0.hasPrefix("192.168.2.0/24") })
        #expect(try routes("-4", "100").count == 3)
    }

    @Test func checkNamesWhatIsMissing() throws {
        #expect(try call(ips: [Self.v4]).run("ADD", on: host).succeeded)
        try container.namespace.shell("ip rule del from 192.168.1.209; ip route del default table 100")
        let failed = try call(ips: [Self.v4]).run("CHECK", on: host)
        #expect(failed.errorCode == 999)
        #expect(failed.errorMessage?.contains("rule from 192.168.1.209/32") == true, "\(failed.output)")
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        var testDescription: String { message }
        let more: JSONObject
        var ips: [JSONValue] = [v4]
        let message: String
    }

    @Test(arguments: [
        Refusal(more: ["prevResult": .null], message: "This plugin must be called as chained plugin"),
        Refusal(more: [:], ips: [], message: "No IP addresses supplied on interface: net1"),
        Refusal(
            more: ["gateways": ["10.0.0.1", "10.0.0.2", "fd00::1"]],
            message: "gateways list cannot contain more than 2 entries (one IPv4, one IPv6)"),
        Refusal(
            more: ["gateways": ["10.0.0.1", "10.0.0.2"]],
            message: "gateways list contains multiple IPv4 addresses: 10.0.0.1 and 10.0.0.2"),
        Refusal(
            more: ["gateways": ["fd00::1", "fd00::2"]],
            message: "gateways list contains multiple IPv6 addresses: fd00::1 and fd00::2"),
        Refusal(more: ["gateways": ["nowhere"]], message: "invalid static gateway IP address: nowhere"),
        Refusal(more: ["table": 0], message: "table: expected a number above 0"),
    ])
    func refusesWhatWillNotDo(refusal: Refusal) throws {
        let refused = try call(refusal.more, ips: refusal.ips).run("ADD", on: host)
        #expect(refused.errorCode == 7)
        #expect(refused.errorMessage == refusal.message)
        #expect(try rules().isEmpty)
    }

    /// As far as Debian's has the keys: what is in the kernel after each step, intended differences aside.
    @Test(.enabled(if: Executables.hasReference)) func doesWhatTheReferenceDoes() throws {
        let seen = try [Executables.own, Executables.reference].map { directory in
            let tests = try SBRTests()
            var call = tests.call(ips: [Self.v4])
            call.directory = directory
            var lines: [String] = []
            for verb in ["ADD", "CHECK", "DEL"] {
                let outcome = try call.run(verb, on: tests.host)
                lines.append("\(verb) \(outcome.succeeded)")
                if verb == "ADD" { lines += outcome.addresses }
                lines += try tests.rules().map { $0.replacing(" proto 193", with: "") }
                lines += try tests.routes("-4", "main")
                // The reference leaves what goes with the interface.
                if verb != "DEL" { lines += try tests.routes("-4", "100") }
            }
            return lines
        }
        #expect(seen[0] == seen[1])
    }

    @Test(.enabled(if: Executables.hasReference), arguments: [true, false])
    func eachDeletesWhatTheOtherAdded(isOursFirst: Bool) throws {
        var call = call(ips: [Self.v4])
        call.directory = isOursFirst ? Executables.own : Executables.reference
        #expect(try call.run("ADD", on: host).succeeded)
        call.directory = isOursFirst ? Executables.reference : Executables.own
        if !isOursFirst { #expect(try call.run("CHECK", on: host).succeeded) }
        #expect(try call.run("DEL", on: host).succeeded)
        #expect(try rules().isEmpty)
    }
}
