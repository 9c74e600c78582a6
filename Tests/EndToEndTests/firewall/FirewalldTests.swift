import JSON
import TestSupport
import Testing

/// Where firewalld runs, containers' addresses are sources of a zone of it.
@Suite(.enabled(if: Executables.canCreateNamespaces && MessageBus.isAvailable))
struct FirewalldTests {
    var network: FirewallNetwork
    let firewalld: FakeFirewalld
    let container: TestContainer

    var host: TestHost { network.host }

    static let sources = ["10.1.0.2/32", "fd00:1::2/128"]

    init() throws {
        network = try FirewallNetwork()
        firewalld = try FakeFirewalld(on: network.host)
        network.systemBus = firewalld.bus.address
        container = try TestContainer()
        try network.host.shell("iptables -P FORWARD DROP")
    }

    @Test(arguments: [nil, "firewalld", "something"] as [String?])
    mutating func addressesAreSourcesOfItsZoneUntilDEL(backend: String?) throws {
        network.more["backend"] = backend.map { .string($0) }
        let added = try network.attach(container)
        #expect(added.addresses == ["10.1.0.2/24", "fd00:1::2/64"])
        #expect(firewalld.sources() == Self.sources)
        // Its business now.
        #expect(try host.filterRules().isEmpty)
        let call = network.firewall(container).after(added)
        for verb in ["CHECK", "ADD", "CHECK", "STATUS"] {
            let outcome = try call.run(verb, on: host)
            #expect(outcome.succeeded, "\(verb): \(outcome.output)")
        }
        #expect(firewalld.sources() == Self.sources)
        for _ in 1...2 {
            let deleted = try network.firewall(nil).after(added).run("DEL", on: host)
            #expect(deleted.succeeded, "\(deleted.output)")
            #expect(firewalld.sources().isEmpty)
            #expect(try !host.ruleset().contains("cni_firewall"))
        }
    }

    @Test mutating func zoneIsTheUsers() throws {
        network.more["firewalldZone"] = "public"
        let added = try network.attach(container)
        #expect(firewalld.sources("public") == Self.sources)
        #expect(firewalld.sources().isEmpty)
        #expect(try network.firewall(container).after(added).run("DEL", on: host).succeeded)
        #expect(firewalld.sources("public").isEmpty)
    }

    @Test mutating func refusesAZoneThatThereIsNot() throws {
        network.more["firewalldZone"] = "moon"
        let bridged = try network.bridge.call(container).run("ADD", on: host)
        let refused = try network.firewall(container).after(bridged).run("ADD", on: host)
        #expect(refused.errorCode == 7)
        #expect(refused.errorMessage == "firewalld: INVALID_ZONE: moon")
        #expect(try !host.ruleset().contains("cni_firewall"))
        let status = try network.firewall(container).run("STATUS", on: host)
        #expect(status.errorCode == 50)
        #expect(try network.firewall(nil).after(bridged).run("DEL", on: host).succeeded)
    }

    @Test func failureLeavesNothing() throws {
        firewalld.set(["fd00:1::2/128"], in: "public")
        let bridged = try network.bridge.call(container).run("ADD", on: host)
        let refused = try network.firewall(container).after(bridged).run("ADD", on: host)
        #expect(refused.errorMessage?.hasPrefix("firewalld: ZONE_CONFLICT: 'fd00:1::2/128'") == true)
        #expect(firewalld.sources().isEmpty)
        #expect(try !host.ruleset().contains("cni_firewall"))
        #expect(try network.firewall(nil).after(bridged).run("DEL", on: host).succeeded)
        #expect(firewalld.sources("public") == ["fd00:1::2/128"])
    }

    @Test func checkNamesWhatIsMissing() throws {
        let added = try network.attach(container)
        firewalld.set(["10.1.0.2/32"])
        let failed = try network.firewall(container).after(added).run("CHECK", on: host)
        #expect(failed.errorMessage == "fd00:1::2 is no source of firewalld's zone trusted")
    }

    @Test func deletingNeedsNoPreviousResultAndLeavesWhatIsAnothers() throws {
        let added = try network.attach(container)
        // A late one of another container, which had the addresses before.
        #expect(try network.firewall(nil, id: "gone").after(added).run("DEL", on: host).succeeded)
        #expect(firewalld.sources() == Self.sources)
        #expect(try network.firewall(nil).run("DEL", on: host).succeeded)
        #expect(firewalld.sources().isEmpty)
    }

    @Test func garbageCollectionTakesWhatIsOfNobodyAnyMore() throws {
        try network.attach(container)
        let other = try TestContainer()
        let added = try network.attach(other, id: "cid2")
        firewalld.set(Set(firewalld.sources()).union(["203.0.113.9/32"]))
        var call = network.firewall(nil)
        guard case .object(let object) = call.configuration else { return }
        call.configuration = .object(
            object.with("cni.dev/valid-attachments", [["containerID": "cid2", "ifname": "eth0"]]))
        #expect(try call.run("GC", on: host).succeeded)
        #expect(firewalld.sources() == ["10.1.0.3/32", "203.0.113.9/32", "fd00:1::3/128"])
        #expect(try network.firewall(other, id: "cid2").after(added).run("CHECK", on: host).succeeded)
    }

    @Test mutating func isNotAskedWhereTheUserWantsAnotherBackend() throws {
        for backend in ["nftables", "iptables"] {
            network.more["backend"] = .string(backend)
            let container = try TestContainer()
            let added = try network.attach(container, id: backend)
            #expect(firewalld.sources().isEmpty)
            #expect(try !host.filterRules().isEmpty)
            try network.detach(container, id: backend, added)
        }
    }

    @Test(arguments: [true, false]) func nftablesAdmitsWhereFirewalldDoesNotRun(hasBus: Bool) throws {
        var network = try FirewallNetwork()
        network.more["backend"] = "firewalld"
        let bus = hasBus ? try MessageBus(on: network.host) : nil
        network.systemBus = bus?.address
        try network.host.shell("iptables -P FORWARD DROP")
        let added = try network.attach(container)
        #expect(try network.host.filterRules().contains { $0.contains("containers of CNI networks") })
        #expect(try network.firewall(container).after(added).run("CHECK", on: network.host).succeeded)
        try network.detach(container, added)
        #expect(try network.host.filterRules().isEmpty)
    }

    @Test(.enabled(if: Executables.hasReference), arguments: [true, false])
    func eachChecksAndDeletesWhatTheOtherAdded(isOursFirst: Bool) throws {
        let sides = isOursFirst ? [Executables.own, Executables.reference] : [Executables.reference, Executables.own]
        var network = network
        network.bridge.version = "1.0.0"
        network.directory = sides[0]
        let added = try network.attach(container)
        #expect(firewalld.sources() == Self.sources)
        network.directory = sides[1]
        for verb in ["CHECK", "DEL"] {
            let outcome = try network.firewall(container).after(added).run(verb, on: host)
            #expect(outcome.succeeded, "\(verb): \(outcome.output)")
        }
        #expect(firewalld.sources().isEmpty)
    }

    /// Debian's drops what it forwards, unless it is a trusted source's.
    @Test(.enabled(if: RealFirewalld.isAvailable)) func letsAContainerThroughFirewalldItself() throws {
        var network = try FirewallNetwork()
        let host = network.host
        let router = try TestRouter(beside: host, knowing: ["10.1.0.0/24", "fd00:1::/64"])
        let firewalld = try RealFirewalld(on: host)
        network.systemBus = firewalld.bus.address
        let stranger = try TestContainer()
        #expect(try network.bridge.call(stranger, id: "stranger").run("ADD", on: host).succeeded)
        let added = try network.attach(container)
        #expect(try host.ruleset().contains("ip saddr \(Self.v4(added)) goto filter_FWD_trusted"))
        for address in TestRouter.addresses {
            try stranger.ask(address)
            #expect(container.reaches(address))
        }
        #expect(try router.sources() == added.addresses.map { String($0.prefix { $0 != "/" }) })
        for verb in ["ADD", "CHECK", "STATUS", "DEL", "DEL"] {
            let outcome = try network.firewall(container).after(added).run(verb, on: host)
            #expect(outcome.succeeded, "\(verb): \(outcome.output)")
        }
        #expect(try !host.ruleset().contains(Self.v4(added)))
    }

    private static func v4(_ added: PluginOutcome) -> String {
        String((added.addresses.first ?? "").prefix { $0 != "/" })
    }
}
