import JSON
import TestSupport
import Testing

/// What containers of networks with policies reach, and what arrives at others.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct FirewallIsolationTests {
    /// Networks on one host with a container each, the last with two.
    private struct Site {
        let networks: [FirewallNetwork]
        let containers: [TestContainer]
        let router: TestRouter
        let results: [PluginOutcome]

        /// The policies are the networks', the last one's that of two containers.
        init(_ policies: [String]) throws {
            var first = try FirewallNetwork()
            first.bridge.more["ipMasq"] = true
            networks = policies.enumerated().map { number, policy in
                var network = first.beside(number: number + 1)
                network.more["ingressPolicy"] = .string(policy)
                return network
            }
            router = try TestRouter(beside: first.host)
            let owners = networks + [networks[networks.count - 1]]
            let containers = try owners.map { _ in try TestContainer() }
            results = try zip(owners, containers).enumerated().map { number, pair in
                try pair.0.attach(pair.1, id: "cid\(number)")
            }
            for container in containers { try container.noteEchoSources() }
            self.containers = containers
        }

        /// The addresses of a container.
        func addresses(_ number: Int) -> [String] {
            results[number].addresses.map { String($0.prefix { $0 != "/" }) }
        }

        /// Has one ask another, which must not hear of it.
        func ask(_ other: Int, from number: Int) throws {
            for address in addresses(other) { try containers[number].ask(address) }
        }

        func reach(_ other: Int, from number: Int) -> Bool {
            addresses(other).allSatisfy { containers[number].reaches($0) }
        }
    }

    @Test func containersOfOneNetworkAloneReachEachOther() throws {
        let site = try Site(["same-bridge", "same-bridge"])
        try site.ask(1, from: 0)
        try site.ask(0, from: 1)
        try site.ask(0, from: 2)
        #expect(site.reach(2, from: 1))
        #expect(site.reach(1, from: 2))
        for number in 0...2 {
            for address in TestRouter.addresses { #expect(site.containers[number].reaches(address)) }
        }
        #expect(try site.containers[0].echoSources().isEmpty)
        #expect(try site.containers[1].echoSources() == site.addresses(2))
    }

    @Test func withoutAPolicyTheyDo() throws {
        let site = try Site(["open", "same-bridge"])
        #expect(site.reach(1, from: 0))
        #expect(site.reach(0, from: 1))
    }

    @Test func isolatedContainersReachTheOutsideAlone() throws {
        let site = try Site(["same-bridge", "isolated"])
        for (one, other) in [(1, 2), (2, 1), (0, 1), (1, 0)] { try site.ask(other, from: one) }
        for number in 1...2 {
            for address in TestRouter.addresses + ["10.2.0.1"] {
                #expect(site.containers[number].reaches(address), "\(address)")
            }
        }
        for container in site.containers { #expect(try container.echoSources().isEmpty) }
        // Its port is forgotten with the container, and the other's stays.
        try site.networks[1].detach(site.containers[1], id: "cid1", site.results[1])
        let ports = try site.networks[1].host.run("nft", "list", "table", "bridge", "cni_isolation")
        #expect(ports.contains("net2 cid2 eth0") && !ports.contains("net2 cid1 eth0"))
        try site.networks[1].detach(site.containers[2], id: "cid2", site.results[2])
        #expect(try !site.networks[1].host.ruleset().contains("bridge cni_isolation"))
    }

    @Test func whatIsKnownOfANetworkGoesWithItsBridge() throws {
        let site = try Site(["same-bridge", "same-bridge"])
        let host = site.networks[0].host
        try site.networks[1].detach(site.containers[1], id: "cid1", site.results[1])
        try site.networks[1].detach(site.containers[2], id: "cid2", site.results[2])
        #expect(try host.ruleset().contains(#""bridge2" comment "net2""#))
        try host.run("ip", "link", "delete", "bridge2")
        var collecting = site.networks[0]
        collecting.more["cni.dev/valid-attachments"] = [["containerID": "cid0", "ifname": "eth0"]]
        #expect(try collecting.firewall(nil).run("GC", on: host).succeeded)
        #expect(try !host.ruleset().contains("bridge2"))
        #expect(try host.ruleset().contains(#""bridge1" comment "net1""#))
        try host.run("ip", "link", "delete", "bridge1")
        try site.networks[0].detach(site.containers[0], id: "cid0", site.results[0])
        #expect(try host.ruleset().isEmpty)
    }

    @Test func aPolicyThatChangesCountsFromTheNextAdd() throws {
        let site = try Site(["same-bridge", "same-bridge"])
        try site.ask(1, from: 0)
        #expect(site.reach(2, from: 1))
        #expect(try site.containers[1].echoSources().isEmpty)
        var open = site.networks[0]
        open.more["ingressPolicy"] = "open"
        let newcomer = try TestContainer()
        try open.attach(newcomer, id: "new")
        #expect(site.reach(1, from: 0))
    }
}
