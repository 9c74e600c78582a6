import JSON
import LinuxSystem
import TestSupport
import Testing

/// The same calls to the reference and to this suite, and what each finds of the other.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.hasReference))
struct BandwidthReferenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var members: JSONObject
        var testDescription: String { "\(JSONValue.object(members))" }
    }

    static let cases = [
        Case(members: LimitedContainer.both), Case(members: ["ingressRate": 8_000_000, "ingressBurst": 80_000]),
        Case(members: ["egressRate": 16_000_000, "egressBurst": 800_000]),
        Case(members: ["runtimeConfig": ["bandwidth": .object(LimitedContainer.both)]]),
        Case(members: ["ingressRate": 8, "ingressBurst": 8, "egressRate": 16, "egressBurst": 8]),
        Case(members: ["ingressRate": 1_000_000_000, "ingressBurst": 2_147_483_647]),
        Case(members: ["ingressRate": 1_234_567, "ingressBurst": 7_654_321]),
    ]

    static let faults = [
        Case(members: ["ingressRate": 8]), Case(members: ["egressBurst": 8]),
        Case(members: ["ingressRate": 8, "ingressBurst": 34_359_738_368]),
        Case(members: LimitedContainer.both.with("prevResult", ["cniVersion": "1.0.0"])),
        Case(
            members: LimitedContainer.both.with(
                "prevResult", ["cniVersion": "1.0.0", "interfaces": [["name": "x"]]])),
    ]

    @Test(arguments: cases + faults, ["0.3.1", "0.4.0", "1.0.0"])
    func doesWhatTheReferenceDoes(test: Case, version: String) throws {
        let seen = try [Executables.own, Executables.reference].map { directory in
            var limited = try LimitedContainer()
            limited.version = version
            var call = limited.call(test.members, by: directory)
            var lines: [String] = []
            var hasFailed = false
            for verb in ["ADD", "CHECK", "DEL", "DEL"] where verb != "CHECK" || version > "0.3.1" {
                let outcome = try call.run(verb, on: limited.host)
                // The reference's DEL fails where its ADD did.
                lines.append("\(verb) \(hasFailed && verb == "DEL" || outcome.succeeded)")
                if verb == "ADD", !outcome.succeeded { hasFailed = true }
                if verb == "ADD", outcome.succeeded {
                    lines += outcome.json.object?["interfaces"]?.array?.map { "\($0.object?["name"] ?? nil)" } ?? []
                    call = call.after(outcome)
                }
                // The reference leaves the qdiscs to go with the pair.
                if verb != "DEL" {
                    lines += try limited.qdiscs("veth9")
                    lines += Set(try limited.redirections())
                    for ifb in try limited.host.ifbNames() { lines += try [ifb] + limited.qdiscs(ifb) }
                }
                lines += try limited.host.linkNames()
            }
            return lines
        }
        #expect(seen[0] == seen[1])
    }

    @Test(arguments: faults) func errorsHaveTheSameWords(test: Case) throws {
        let limited = try LimitedContainer()
        let messages = try [Executables.own, Executables.reference].map { directory in
            try limited.call(test.members, by: directory).run("ADD", on: limited.host).errorMessage
        }
        #expect(messages[0] != nil && messages[0] == messages[1])
    }

    @Test(arguments: cases, [true, false])
    func eachChecksAndDeletesWhatTheOtherAdded(test: Case, isOursFirst: Bool) throws {
        let limited = try LimitedContainer()
        let sides = isOursFirst ? [Executables.own, Executables.reference] : [Executables.reference, Executables.own]
        let added = try limited.call(test.members, by: sides[0]).run("ADD", on: limited.host)
        let second = limited.call(test.members, by: sides[1]).after(added)
        let checked = try second.run("CHECK", on: limited.host)
        #expect(checked.succeeded, "\(checked.output)")
        #expect(try second.run("DEL", on: limited.host).succeeded)
        #expect(try limited.host.ifbNames().isEmpty)
        if !isOursFirst { #expect(try limited.isClean()) }
    }

    /// What the reference makes since 1.6, by tc: two classes, and filters by destination in both directions.
    @Test(arguments: [JSONObject(), ["unshapedSubnets": ["10.0.0.0/8"]], ["shapedSubnets": ["10.0.0.0/8"]]])
    func knowsTheFormOfTheReferencesOfToday(subnets: JSONObject) throws {
        let limited = try LimitedContainer()
        let (byDefault, flow) = subnets.contains("shapedSubnets") ? ("1", "1:30") : ("30", "1:1")
        func classes(_ device: String, _ rate: String, _ burst: String) -> String {
            """
            tc qdisc add dev \(device) root handle 1: htb default \(byDefault)
            tc class add dev \(device) parent 1: classid 1:30 htb rate \(rate) burst \(burst)
            tc class add dev \(device) parent 1: classid 1:1 htb rate 800gbit quantum 60000
            tc filter add dev \(device) parent 1: protocol ip prio 16 u32 match ip dst 10.0.0.0/8 flowid \(flow)

            """
        }
        try limited.host.shell(
            """
            ip link add \(LimitedContainer.ifb) up type ifb
            \(classes("veth9", "8mbit", "10000"))
            \(classes(LimitedContainer.ifb, "16mbit", "100000"))
            tc qdisc add dev veth9 handle ffff: ingress
            tc filter add dev veth9 parent ffff: u32 match u32 0 0 flowid 1:1 \
                action mirred egress redirect dev \(LimitedContainer.ifb)
            """)
        let members = subnets.members.reduce(LimitedContainer.both) { $0.with($1.name, $1.value) }
        let checked = try limited.call(members).run("CHECK", on: limited.host)
        #expect(checked.succeeded, "\(checked.output)")
        let other = try limited.call(members.with("ingressRate", 9_000_000)).run("CHECK", on: limited.host)
        #expect(
            other.errorMessage
                == "Rate doesn't match on veth9: configured 1125000 bytes a second, current value 1000000")
        #expect(try limited.call(members).run("DEL", on: limited.host).succeeded)
        #expect(try limited.isClean())
    }
}
