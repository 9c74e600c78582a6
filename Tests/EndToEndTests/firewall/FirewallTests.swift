import JSON
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct FirewallTests {
    var network: FirewallNetwork
    let container: TestContainer

    var host: TestHost { network.host }

    init() throws {
        network = try FirewallNetwork()
        container = try TestContainer()
    }

    private static let previous: JSONObject = [
        "interfaces": [["name": "cni0", "x": 1], ["name": "eth0", "sandbox": "/x"]],
        "ips": [["address": "10.1.0.2/24", "interface": 1], ["address": "fd00:1::2/64"]],
        "routes": [["dst": "0.0.0.0/0", "gw": "10.1.0.1", "y": true]], "dns": ["nameservers": ["10.1.0.1"]], "z": ["a"],
    ]

    /// A call behind another plugin that is not run.
    private func call(_ version: String = "1.0.0", previous: JSONObject = previous) -> PluginCall {
        var network = network
        network.bridge.version = version
        var document = previous
        document["cniVersion"] = .string(version)
        network.more["prevResult"] = .object(document)
        return network.firewall(container)
    }

    @Test(arguments: ["1.0.0", "1.1.0"])
    func passesThePreviousResultOn(version: String) throws {
        let added = try call(version).run("ADD", on: host)
        var expected = Self.previous
        expected["cniVersion"] = .string(version)
        #expect(added.json.sorted == JSONValue.object(expected).sorted)
    }

    @Test(arguments: ["0.3.0", "0.3.1", "0.4.0"])
    func speaksOlderVersions(version: String) throws {
        let added = try call(version).run("ADD", on: host)
        #expect(added.json.object?["cniVersion"]?.string == version)
        #expect(added.addresses == ["10.1.0.2/24", "fd00:1::2/64"])
        #expect(added.json.object?["z"] == ["a"])
    }

    @Test(arguments: ["0.1.0", "0.2.0"])
    func speaksTheOldestVersions(version: String) throws {
        let previous: JSONObject = ["ip4": ["ip": "10.1.0.2/24"], "dns": [:]]
        let added = try call(version, previous: previous).run("ADD", on: host)
        #expect(added.json.object?["ip4"]?.object?["ip"] == "10.1.0.2/24")
        #expect(try host.elements() == [#"10.1.0.2 comment "net1 cid1 eth0""#])
        #expect(try call(version, previous: previous).run("DEL", on: host).succeeded)
        #expect(try host.ruleset().isEmpty)
    }

    @Test func letsAContainerThroughAHostThatDrops() throws {
        let router = try TestRouter(beside: host, knowing: ["10.1.0.0/24", "fd00:1::/64"])
        try host.shell("iptables -P FORWARD DROP; ip6tables -P FORWARD DROP")
        let stranger = try TestContainer()
        let bridged = try network.bridge.call(stranger, id: "stranger").run("ADD", on: host)
        let added = try network.attach(container)
        for address in TestRouter.addresses {
            try stranger.ask(address)
            #expect(container.reaches(address))
        }
        #expect(try router.sources() == added.addresses.map { String($0.prefix { $0 != "/" }) })
        #expect(bridged.addresses.count == 2)

        try network.detach(container, added)
        #expect(try host.filterRules().isEmpty)
        #expect(try !host.ruleset().contains("cni_"))
    }

    @Test mutating func checkNamesAllThatIsMissing() throws {
        try host.shell("iptables -P FORWARD DROP")
        network.more["ingressPolicy"] = "same-bridge"
        let added = try network.attach(container)
        let check = network.firewall(container).after(added)
        let fine = try check.run("CHECK", on: host)
        #expect(fine.succeeded, "\(fine.output)")

        try host.shell(
            """
            iptables -F FORWARD
            nft delete element inet cni_firewall containers4 '{ 10.1.0.2 }'
            nft flush set inet cni_isolation separate
            """)
        let failed = try check.run("CHECK", on: host)
        #expect(failed.errorCode == 999)
        #expect(
            failed.errorMessage == "Admission of 10.1.0.2, fd00:1::2 is missing; chain ip filter FORWARD drops what "
                + "containers send; bridge0 is not separated as ingressPolicy same-bridge says")

        #expect(try network.firewall(container).after(added).run("ADD", on: host).succeeded)
        #expect(try check.run("CHECK", on: host).succeeded)
    }

    @Test func statusTellsThatContainersAreCutOff() throws {
        let status = network.firewall(nil)
        #expect(try status.run("STATUS", on: host).succeeded)
        let added = try network.attach(container)
        #expect(try status.run("STATUS", on: host).succeeded)
        try host.shell("iptables -P FORWARD DROP")
        let cutOff = try status.run("STATUS", on: host)
        #expect(cutOff.errorCode == 51)
        #expect(cutOff.errorMessage == "containers are cut off: ip filter FORWARD drops what they send")
        try network.detach(container, added)
        #expect(try status.run("STATUS", on: host).succeeded)
    }

    @Test mutating func deletingNeedsNothingAndCanBeRepeated() throws {
        try host.shell("iptables -P FORWARD DROP")
        network.more["ingressPolicy"] = "isolated"
        let before = try host.ruleset()
        try network.attach(container)
        var call = network.firewall(nil)
        try host.run("ip", "link", "delete", "bridge0")
        for policy: JSONValue in ["isolated", "open", "nonsense"] {
            guard case .object(var object) = call.configuration else { return }
            object["ingressPolicy"] = policy
            call.configuration = .object(object)
            let deleted = try call.run("DEL", on: host)
            #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
            #expect(try host.ruleset() == before)
        }
    }

    @Test func deletingLeavesOthersAlone() throws {
        let other = try TestContainer()
        try network.attach(other, id: "other")
        let before = try host.ruleset()
        let added = try network.attach(container)
        #expect(try host.ruleset() != before)
        try network.detach(container, added)
        #expect(try host.ruleset() == before)
    }

    @Test mutating func garbageCollectionKeepsWhatIsValidAndOtherNetworks() throws {
        try network.attach(container, id: "valid")
        let elsewhere = try TestContainer()
        try network.beside(number: 2).attach(elsewhere, id: "stale")
        let before = try host.ruleset()
        let stale = try TestContainer()
        try network.attach(stale, id: "stale")
        network.more["cni.dev/valid-attachments"] = [["containerID": "valid", "ifname": "eth0"]]
        let collected = try network.firewall(nil).run("GC", on: host)
        #expect(collected.succeeded, "\(collected.output)")
        #expect(try host.ruleset() == before)
    }

    @Test func refusesToWorkAlone() throws {
        for verb in ["ADD", "CHECK"] {
            let alone = try network.firewall(container).run(verb, on: host)
            #expect(alone.errorCode == 7)
            #expect(alone.errorMessage == "missing prevResult from earlier plugin")
        }
        #expect(try network.firewall(container).run("DEL", on: host).succeeded)
    }

    @Test mutating func refusesAPolicyThatThereIsNot() throws {
        network.more["ingressPolicy"] = "closed"
        let refused = try call().run("ADD", on: host)
        #expect(refused.errorCode == 7)
        #expect(refused.errorMessage == #"unknown ingress policy: "closed""#)
        #expect(try host.ruleset().isEmpty)
    }

    @Test mutating func aPolicyNeedsABridge() throws {
        network.more["ingressPolicy"] = "same-bridge"
        let refused = try call(previous: ["ips": [["address": "10.1.0.2/24"]]]).run("ADD", on: host)
        #expect(refused.errorCode == 7)
        #expect(
            refused.errorMessage == #"interface needs to be set for ingress policy "same-bridge", make sure to chain "#
                + #""firewall" plugin with "bridge""#)
        #expect(try host.ruleset().isEmpty)
    }

    @Test mutating func anAddThatFailsLeavesNothing() throws {
        try host.shell(
            """
            iptables -P FORWARD DROP
            nft add table inet cni_isolation
            nft add set inet cni_isolation separate '{ type mark; }'
            """)
        let before = try host.ruleset()
        network.more["ingressPolicy"] = "same-bridge"
        let failed = try call().run("ADD", on: host)
        #expect(failed.errorCode == 999)
        #expect(failed.errorMessage?.hasPrefix("create set inet cni_isolation separate: ") == true, "\(failed.output)")
        #expect(try host.ruleset() == before)
    }

    @Test mutating func anUnknownBackendIsTheDefault() throws {
        network.more["backend"] = "pf"
        let added = try call().run("ADD", on: host)
        #expect(added.succeeded)
        #expect(added.errorOutput == "unknown backend \"pf\": that by default is used\n")
        #expect(try host.elements().count == 2)
    }
}
