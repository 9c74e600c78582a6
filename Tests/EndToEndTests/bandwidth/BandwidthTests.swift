import JSON
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BandwidthTests {
    var limited: LimitedContainer

    init() throws {
        limited = try LimitedContainer()
    }

    @Test(arguments: ["", "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func limitsBothDirections(version: String) throws {
        limited.version = version
        let call = limited.call(LimitedContainer.both)
        let added = try call.run("ADD", on: limited.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try limited.qdiscs("veth9") == [LimitedContainer.ingress, LimitedContainer.arrival])
        #expect(try limited.qdiscs(LimitedContainer.ifb) == [LimitedContainer.egress])
        #expect(try limited.redirections() == [LimitedContainer.ifb])
        let ifb = try #require(try limited.host.link(LimitedContainer.ifb))
        #expect(ifb["mtu"] == 1400 && ifb["ifalias"] == "cni pn cid1 eth0")
        #expect(ifb["flags"]?.array?.contains("UP") == true)
        if version >= "0.3" {
            #expect(added.interface(3)?["name"]?.string == LimitedContainer.ifb)
            #expect(added.interface(3)?["mac"] == ifb["address"])
            #expect(added.interface(3)?["sandbox"] == nil)
            #expect(added.json.object?["interfaces"]?.array?.count == 4)
        }
        if version >= "0.4" { #expect(try call.after(added).run("CHECK", on: limited.host).succeeded) }
        for _ in 1...2 { #expect(try call.after(added).run("DEL", on: limited.host).succeeded) }
        #expect(try limited.isClean())
        if version >= "0.4" {
            #expect(
                try call.after(added).run("CHECK", on: limited.host).errorMessage
                    == "Failed to find qdisc of veth9; The ifb of interface eth0 is missing")
        }
    }

    @Test func limitsOneDirection() throws {
        let ingress = limited.call(["ingressRate": 8_000_000, "ingressBurst": 80_000])
        let added = try ingress.run("ADD", on: limited.host)
        #expect(added.json.object?["interfaces"]?.sorted == limited.previous.object?["interfaces"]?.sorted)
        #expect(try limited.qdiscs("veth9") == [LimitedContainer.ingress])
        #expect(try ingress.after(added).run("CHECK", on: limited.host).succeeded)
        #expect(try ingress.run("DEL", on: limited.host).succeeded)
        #expect(try limited.isClean())

        let egress = limited.call(["egressRate": 16_000_000, "egressBurst": 800_000])
        #expect(try egress.run("ADD", on: limited.host).succeeded)
        #expect(try limited.qdiscs("veth9") == [LimitedContainer.arrival])
        #expect(try limited.qdiscs(LimitedContainer.ifb) == [LimitedContainer.egress])
        #expect(try egress.run("CHECK", on: limited.host).succeeded)
        #expect(try egress.run("DEL", on: limited.host).succeeded)
        #expect(try limited.isClean())
    }

    struct Sources: Sendable {
        var members: JSONObject
        var qdiscs: [String]
    }

    @Test(arguments: [
        Sources(
            members: ["runtimeConfig": ["bandwidth": .object(LimitedContainer.both)]],
            qdiscs: [LimitedContainer.ingress, LimitedContainer.arrival]),
        Sources(
            members: ["RuntimeConfig": ["bandWidth": ["ingressRate": 8_000_000, "IngressBurst": 80_000]]],
            qdiscs: [LimitedContainer.ingress]),
        // What the configuration says takes the place of all that the runtime says.
        Sources(
            members: [
                "ingressRate": 8_000_000, "ingressBurst": 80_000, "egressRate": .null,
                "runtimeConfig": [
                    "bandwidth": ["ingressRate": 8, "ingressBurst": 8, "egressRate": 8, "egressBurst": 8]
                ],
            ], qdiscs: [LimitedContainer.ingress]),
        Sources(
            members: ["ingressRate": 0, "runtimeConfig": ["bandwidth": .object(LimitedContainer.both)]], qdiscs: []),
        Sources(members: [:], qdiscs: []),
        Sources(members: ["runtimeConfig": ["bandwidth": .null]], qdiscs: []),
        Sources(
            members: ["ingressRate": 80_000_000_000, "ingressBurst": 8_000_000_000],
            qdiscs: ["qdisc tbf 1: rate 80Gbit burst 1000000000b lat 25ms"]),
    ])
    func takesLimitsOfTheFirstThatHasSome(sources: Sources) throws {
        let call = limited.call(sources.members)
        let added = try call.run("ADD", on: limited.host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try limited.qdiscs("veth9") == sources.qdiscs)
        #expect(try call.run("CHECK", on: limited.host).succeeded)
        #expect(try call.run("DEL", on: limited.host).succeeded)
        #expect(try limited.isClean())
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var members: JSONObject
        var message: String
        var testDescription: String { "\(JSONValue.object(members))" }
    }

    static let faults = [
        Fault(members: ["ingressBurst": 8], message: "if burst is set, rate must also be set"),
        Fault(members: ["ingressRate": 8], message: "if rate is set, burst must also be set"),
        Fault(members: ["egressRate": 8, "egressBurst": 0], message: "if rate is set, burst must also be set"),
        Fault(
            members: ["runtimeConfig": ["bandwidth": ["egressBurst": 8]]],
            message: "if burst is set, rate must also be set"),
        Fault(members: ["ingressRate": 8, "ingressBurst": 34_359_738_368], message: "burst cannot be more than 4GB"),
        Fault(members: ["ingressRate": 7, "ingressBurst": 8], message: "rate and burst cannot be less than 8 bits"),
        Fault(
            members: ["ingressRate": -1],
            message: "ingressRate: expected an integer from 0 to 18446744073709551615, got -1"),
        Fault(members: ["ingressRate": "8M"], message: #"ingressRate: expected an integer, got "8M""#),
        Fault(
            members: LimitedContainer.both.with("shapedSubnets", ["10.0.0.0/8"]).with("unshapedSubnets", ["::/0"]),
            message: "unshapedSubnets and shapedSubnets cannot be both specified, one of them should be discarded"),
        Fault(
            members: LimitedContainer.both.with("shapedSubnets", ["10.0.0.0"]),
            message: #"shapedSubnets[0]: expected a network such as 10.1.0.0/16, got "10.0.0.0""#),
        Fault(
            members: LimitedContainer.both.with("prevResult", .null), message: "Required prevResult missing"),
        Fault(members: ["prevResult": .null], message: "Required prevResult missing"),
        Fault(
            members: LimitedContainer.both.with("prevResult", ["cniVersion": "1.0.0"]),
            message: "no interfaces provided"),
        Fault(
            members: LimitedContainer.both.with("prevResult", ["interfaces": [["name": "eth0", "sandbox": "/x"]]]),
            message: "no veth peer of container interface found in host ns"),
        Fault(
            members: LimitedContainer.both.with("prevResult", ["interfaces": [["name": "veth9", "sandbox": "/x"]]]),
            message: "no veth peer of container interface found in host ns"),
    ]

    @Test(arguments: faults, ["ADD", "CHECK"]) func refusesWhatItCannotDo(fault: Fault, verb: String) throws {
        let outcome = try limited.call(fault.members).run(verb, on: limited.host)
        #expect(outcome.errorCode == 7)
        #expect(outcome.errorMessage == fault.message)
        #expect(try limited.isClean())
        #expect(try limited.call(fault.members).run("DEL", on: limited.host).succeeded)
    }

    /// The second, which runtimes ask for where no burst is asked for, takes longer than the kernel can tell of.
    @Test(arguments: [(8_000_000_000, 34_359_738_352), (1_000_000, 2_147_483_647), (8, 34_359_738_352)])
    func takesLongBursts(rate: Int, burst: Int) throws {
        let call = limited.call([
            "ingressRate": .number(JSONNumber(rate)), "ingressBurst": .number(JSONNumber(burst)),
        ])
        #expect(try call.run("ADD", on: limited.host).succeeded)
        let json = try limited.host.json("tc", ["-j", "qdisc", "show", "dev", "veth9"])
        #expect(json.array?.first?.object?["options"]?.object?["rate"]?.number?.integer(as: Int.self) == rate / 8)
        #expect(try call.run("CHECK", on: limited.host).succeeded)
        let other = limited.call(["ingressRate": .number(JSONNumber(rate)), "ingressBurst": 80_000_000])
        let checked = try other.run("CHECK", on: limited.host)
        #expect(checked.errorMessage?.contains("Buffer doesn't match on veth9") == true, "\(checked.output)")
    }

    @Test func saysThatABurstIsTooSmall() throws {
        let added = try limited.call(["ingressRate": 8, "ingressBurst": 8]).run("ADD", on: limited.host)
        #expect(added.succeeded)
        #expect(
            added.errorOutput == """
                ingressBurst has no room for packets of 1414 bytes, which veth9 can carry: they will be dropped; make it \
                11312 bits or more

                """)
    }

    @Test func needsAPeerOnThisHost() throws {
        try limited.container.run("ip", "link", "add", "br1", "type", "bridge")
        var call = limited.call(LimitedContainer.both)
        call.interfaceName = "br1"
        #expect(
            try call.run("ADD", on: limited.host).errorMessage == "container interface br1 has no veth peer")
        call.interfaceName = "eth7"
        #expect(
            try call.run("ADD", on: limited.host).errorMessage == "container interface eth7 has no veth peer")
        // One whose other end is in a third namespace, with a number that the host has as well.
        let other = try TestContainer()
        try limited.container.run(
            "ip", "link", "add", "net1", "type", "veth", "peer", "name", "x", "netns", other.path)
        call.interfaceName = "net1"
        let added = try call.run("ADD", on: limited.host)
        #expect(added.errorMessage?.contains(/^veth peer with index \d+ is not in host ns$/) == true, "\(added.output)")
        call.namespacePath = "/nowhere/at/all"
        #expect(try call.run("ADD", on: limited.host).errorCode == 8)
    }

    @Test func findsThePairAmongSeveral() throws {
        try limited.pair("net1", "veth1")
        try limited.pair("net2", "veth2")
        let interfaces: JSONValue = [
            ["name": "veth2"], ["name": "veth9"], ["name": "veth1"], ["name": "eth0", "sandbox": "/x"],
        ]
        var call = limited.call(LimitedContainer.both.with("prevResult", ["interfaces": interfaces]))
        call.interfaceName = "net1"
        #expect(try call.run("ADD", on: limited.host).succeeded)
        #expect(try limited.qdiscs("veth1") == [LimitedContainer.ingress, LimitedContainer.arrival])
        #expect(try limited.qdiscs("veth9").isEmpty && limited.qdiscs("veth2").isEmpty)
    }

    /// The reference's name is the same for all interfaces of a container in a network.
    @Test func severalInterfacesOfAContainerHaveADeviceEach() throws {
        try limited.pair("net1", "veth1")
        let previous: JSONValue = ["interfaces": [["name": "veth9"], ["name": "veth1"]]]
        let first = limited.call(LimitedContainer.both.with("prevResult", previous))
        var second = first
        second.interfaceName = "net1"
        #expect(try first.run("ADD", on: limited.host).succeeded)
        let added = try second.run("ADD", on: limited.host)
        let name = try #require(added.interface(2)?["name"]?.string)
        #expect(name != LimitedContainer.ifb && name.hasPrefix("bwp"))
        for call in [first, second] { #expect(try call.run("CHECK", on: limited.host).succeeded) }
        #expect(try first.run("DEL", on: limited.host).succeeded)
        #expect(try limited.host.linkNames() == [name, "lo", "veth1", "veth9"])
        #expect(try second.run("CHECK", on: limited.host).succeeded)
        #expect(try second.run("DEL", on: limited.host).succeeded)
        #expect(try limited.host.linkNames() == ["lo", "veth1", "veth9"])
    }

    @Test func passesThePreviousResultOn() throws {
        let previous: JSONValue = .object((limited.previous.object ?? [:]).with("x", ["y": 1]))
        let added = try limited.call(["prevResult": previous]).run("ADD", on: limited.host)
        #expect(added.json.object?["x"] == ["y": 1])
    }
}
