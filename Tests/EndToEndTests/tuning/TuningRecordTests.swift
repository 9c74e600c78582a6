import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// What ADD found is restored, by whoever comes, and nothing else is touched.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct TuningRecordTests {
    var tuned: TunedContainer

    init() throws {
        tuned = try TunedContainer()
    }

    private static let all: JSONObject = [
        "mac": "02:00:00:00:00:77", "mtu": 1400, "promisc": true, "allmulti": true, "txQLen": 7,
    ]
    private static let changed = "02:00:00:00:00:77 1400 7 ALLMULTI PROMISC"

    @Test func addingAgainKeepsWhatTheFirstAddFound() throws {
        let call = tuned.call(Self.all.with("sysctl", ["net.ipv4.ip_default_ttl": "33"]))
        for _ in 1...2 { #expect(try call.run("ADD", on: tuned.host).succeeded) }
        #expect(try tuned.interface() == Self.changed)
        // A change in between is what the second finds, and an attribute that it does not change stays on record.
        try tuned.container.run("ip", "link", "set", "eth0", "mtu", "1350")
        #expect(try tuned.call(["mtu": 1400]).run("ADD", on: tuned.host).succeeded)
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.interface() == "\(TunedContainer.mac) 1350 1000")
        #expect(try tuned.parameter("ipv4/ip_default_ttl") == "64")
    }

    @Test func anAddThatFailsKeepsTheRecordOfTheFirst() throws {
        #expect(try tuned.call(["mtu": 1400]).run("ADD", on: tuned.host).succeeded)
        #expect(try !tuned.call(["mtu": 70000]).run("ADD", on: tuned.host).succeeded)
        #expect(try tuned.interface() == "\(TunedContainer.mac) 1400 1000")
        #expect(try tuned.call(["mtu": 1400]).run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.interface() == TunedContainer.untouched)
    }

    @Test(arguments: [nil, "/nowhere/at/all", "/etc/passwd"]) func deletesWithoutANamespace(path: String?) throws {
        var call = tuned.call(Self.all)
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        call.namespacePath = path
        for _ in 1...2 { #expect(try call.run("DEL", on: tuned.host).succeeded) }
        #expect(tuned.records.isEmpty)
    }

    @Test func deletesWhereTheInterfaceIsGone() throws {
        let call = tuned.call(Self.all)
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        try tuned.container.run("ip", "link", "del", "eth0")
        let deleted = try call.run("DEL", on: tuned.host)
        #expect(deleted.succeeded && deleted.errorOutput.isEmpty)
        #expect(tuned.records.isEmpty)
    }

    /// A late DEL may come with a path that leads to another container by now.
    @Test func leavesTheInterfaceOfAnotherContainer() throws {
        let call = tuned.call(Self.all.with("sysctl", ["net.ipv4.ip_default_ttl": "33"]))
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        let other = try TunedContainer()
        try other.container.shell("ip link set eth0 mtu 1400; echo 33 > /proc/sys/net/ipv4/ip_default_ttl")
        var late = call
        late.namespacePath = other.container.path
        #expect(try late.run("DEL", on: tuned.host).succeeded)
        #expect(try other.interface() == "\(TunedContainer.mac) 1400 1000")
        #expect(try other.parameter("ipv4/ip_default_ttl") == "33")
        #expect(tuned.records.isEmpty)
    }

    @Test func leavesAnInterfaceThatCameLater() throws {
        let call = tuned.call(["mtu": 1400])
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        try tuned.container.shell("ip link del eth0; ip link add eth0 index 77 mtu 1400 type veth peer name other")
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.container.link("eth0")?["mtu"] == 1400)
    }

    @Test func deletesWhateverTheConfigurationIsByNow() throws {
        #expect(try tuned.call(Self.all).run("ADD", on: tuned.host).succeeded)
        let call = tuned.call(["mtu": "many", "sysctl": ["kernel.hostname": 5], "prevResult": .null])
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.interface() == TunedContainer.untouched)
        #expect(try tuned.call(["dataDir": 5]).run("DEL", on: tuned.host).succeeded)
    }

    @Test(arguments: ["", "{", "[]", #"{"mac": "zz"}"#, #"{"mtu": -1}"#, #"{"sysctl": {"net/core/somaxconn": {}}}"#])
    func deletesWithATornRecord(text: String) throws {
        try tuned.host.directory.write("tuning/cid1_eth0.json", text)
        let deleted = try tuned.call([:]).run("DEL", on: tuned.host)
        #expect(deleted.succeeded)
        #expect(deleted.errorOutput.contains("cid1_eth0.json is not used"))
        #expect(try tuned.interface() == TunedContainer.untouched)
    }

    @Test func recordsAreRootsAlone() throws {
        #expect(try tuned.call(Self.all).run("ADD", on: tuned.host).succeeded)
        let modes = try tuned.host.run("stat", "-c", "%a", tuned.directory, "\(tuned.directory)/cid1_eth0.json")
        #expect(modes == "700\n600\n")
    }

    @Test func recordsAreInRunByDefault() throws {
        var call = tuned.call(Self.all.with("dataDir", .null))
        call.launcher = tuned.host.launcher
        #expect(try call.run("ADD", on: tuned.host).succeeded)
        #expect(tuned.host.directory.names(in: "cni/tuning") == ["cid1_eth0.json"])
        #expect(try call.run("DEL", on: tuned.host).succeeded)
        #expect(tuned.host.directory.names(in: "cni/tuning").isEmpty)
        #expect(try tuned.interface() == TunedContainer.untouched)
    }

    @Test mutating func garbageCollectionKeepsWhatIsValidAndOfOthers() throws {
        tuned.version = "1.1.0"
        for (network, id) in [("net1", "cid1"), ("net1", "cid2"), ("net2", "cid3")] {
            var call = tuned.call(["name": .string(network), "mtu": 1400])
            call.containerID = id
            #expect(try call.run("ADD", on: tuned.host).succeeded)
        }
        try tuned.host.directory.write("tuning/cid4_eth0.json", #"{"mtu": 1500}"#)
        try tuned.host.directory.write("tuning/notes", "text")
        // Left by a process that was killed while it wrote; there is none of that number.
        try tuned.host.directory.write("tuning/cid9_eth0.json.2147483646.tmp", "{")
        let collected = try tuned.call([
            "prevResult": .null, "cni.dev/valid-attachments": [["containerID": "cid2", "ifname": "eth0"]],
        ]).run("GC", on: tuned.host)
        #expect(collected.succeeded, "\(collected.output)")
        #expect(tuned.records == ["cid2_eth0.json", "cid3_eth0.json", "cid4_eth0.json", "notes"])
        #expect(try tuned.interface() == "\(TunedContainer.mac) 1400 1000")
        let away = tuned.call(["dataDir": "/nowhere/at/all", "cni.dev/valid-attachments": []])
        #expect(try away.run("GC", on: tuned.host).succeeded)
    }

    // MARK: The reference

    /// Debian's knows no `txQLen`.
    private static let ofBoth: JSONObject = [
        "mac": "02:00:00:00:00:77", "mtu": 1400, "promisc": true, "allmulti": true,
    ]

    @Test(.enabled(if: Executables.hasReference), arguments: [true, false])
    func eachChecksAndDeletesWhatTheOtherAdded(isOursFirst: Bool) throws {
        let sides = [Executables.own, Executables.reference]
        let members = Self.ofBoth.with("sysctl", ["net.core.somaxconn": "500"])
        let first = tuned.call(members, by: isOursFirst ? sides[0] : sides[1])
        let second = tuned.call(members, by: isOursFirst ? sides[1] : sides[0])
        let added = try first.run("ADD", on: tuned.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try second.after(added).run("CHECK", on: tuned.host).succeeded)
        #expect(try second.after(added).run("DEL", on: tuned.host).succeeded)
        #expect(try tuned.interface() == TunedContainer.untouched)
        #expect(tuned.records.isEmpty)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var members: JSONObject
        var arguments: String?
        var testDescription: String { "\(JSONValue.object(members)) \(arguments ?? "")" }
    }

    /// The same calls on two hosts: what they print, what the interface becomes, and what is on record.
    @Test(
        .enabled(if: Executables.hasReference),
        arguments: [
            Case(members: [:]), Case(members: ["sysctl": ["net.core.somaxconn": "500"]]),
            Case(members: ["sysctl": ["net.ipv4.conf.IFNAME.arp_filter": "1", "net.core.somaxconn": "9"]]),
            Case(members: ["mac": "02:00:00:00:00:77"]), Case(members: ["mtu": 1400]), Case(members: ["promisc": true]),
            Case(members: ["allmulti": true]), Case(members: ["allmulti": false]),
            Case(members: Self.ofBoth), Case(members: ["args": ["cni": .object(Self.ofBoth)]]),
            Case(members: ["runtimeConfig": ["mac": "02:00:00:00:00:77"]], arguments: "MAC=02:00:00:00:00:78"),
            Case(
                members: [
                    "runtimeConfig": ["mac": "02:00:00:00:00:77"], "args": ["cni": ["mac": "02:00:00:00:00:79"]],
                ]),
            Case(members: ["mac": "02:00:00:00:00:77"], arguments: "MAC=02:00:00:00:00:78;IgnoreUnknown=1"),
            Case(members: ["sysctl": ["kernel.hostname": "x"]]), Case(members: ["mac": "zz"]),
            Case(members: ["prevResult": .null]), Case(members: ["mtu": 70000]),
        ], ["0.3.1", "0.4.0", "1.0.0"])
    func doesWhatTheReferenceDoes(test: Case, version: String) throws {
        let seen = try [Executables.own, Executables.reference].map { directory in
            var tuned = try TunedContainer()
            tuned.version = version
            var call = tuned.call(test.members, by: directory)
            call.arguments = test.arguments
            // Debian's loses the metric of a route.
            if test.members["prevResult"] == nil { call = call.passing(tuned.previous.withoutMetrics) }
            var lines: [String] = []
            for verb in ["ADD", "CHECK", "DEL", "DEL"] where verb != "CHECK" || version > "0.3.1" {
                let outcome = try call.run(verb, on: tuned.host)
                if verb == "ADD", outcome.succeeded { call = call.after(outcome) }
                lines.append("\(verb) \(outcome.succeeded) \(outcome.succeeded ? Self.told(outcome, tuned) : "")")
                lines.append("\(try tuned.interface()) \(try tuned.parameter("ipv4/conf/eth0/arp_filter"))")
                let record = try tuned.record() ?? [:]
                for name in ["mac", "mtu", "promisc", "allmulti"] { lines.append("\(name): \(record[name] ?? nil)") }
            }
            let hasFailed = lines.first?.hasPrefix("ADD false") == true
            return lines.filter { !Self.isIntended($0, test, afterFailure: hasFailed) }
        }
        #expect(seen[0] == seen[1])
    }

    /// The reference leaves parameters as they are, and the record of an ADD that fails; its CHECK looks for an interface
    /// IFNAME.
    private static func isIntended(_ line: String, _ test: Case, afterFailure hasFailed: Bool) -> Bool {
        test.members.contains("sysctl") && line.hasPrefix(TunedContainer.mac)
            || test.testDescription.contains("IFNAME") && line.hasPrefix("CHECK")
            || hasFailed && test.members.members.contains { line.hasPrefix("\($0.name): ") }
    }

    private static func told(_ outcome: PluginOutcome, _ tuned: TunedContainer) -> String {
        guard case .object(var result) = outcome.json else { return outcome.output }
        result["interfaces"] = .array((result["interfaces"]?.array ?? []).filter { $0.object?["sandbox"] != nil })
        if result["dns"] == [:] { result["dns"] = nil }
        // Debian's has an empty one where it changes nothing.
        return "\(JSONValue.object(result.sorted))".replacing(tuned.container.path, with: "NETNS")
            .replacing(/,"version":"4?"/, with: "")
    }
}

extension PluginCall {
    /// The same with another previous result.
    fileprivate func passing(_ previous: JSONValue) -> PluginCall {
        var call = self
        call.configuration = .object((configuration.object ?? [:]).with("prevResult", previous))
        return call
    }
}

extension JSONValue {
    fileprivate var withoutMetrics: JSONValue {
        .object((object ?? [:]).with("routes", [["dst": "0.0.0.0/0"]]))
    }
}
