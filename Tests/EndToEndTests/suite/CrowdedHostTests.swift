import JSON
import LinuxSystem
import TestSupport
import Testing

/// The plugins on a host that somebody uses, beside the rules of Docker and firewalld, with IPv6 off.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct CrowdedHostTests {
    /// What the host has of others: rules, without what counts, and parameters.
    private func belongings(_ host: TestHost) throws -> [String] {
        let rules = try host.rulesetJSON().replacing(/"(packets|bytes)": [0-9]+/, with: "")
        return [rules, try host.shell("ip -o address; sysctl net.ipv4.ip_forward net.ipv6.conf.all.disable_ipv6")]
    }

    @Test func bridgeLeavesTheHostAsItWas() throws {
        var network = try BridgeNetwork()
        network.version = "1.1.0"
        let (host, container) = (network.host, try TestContainer())
        let router = try TestRouter(beside: host)
        try host.crowd()
        try host.run("ip", "link", "add", "bridge0", "type", "bridge")
        network.more = ["isDefaultGateway": true, "ipMasq": true]
        // The bridge and its address stay.
        let first = try network.call(container).run("ADD", on: host)
        try #require(first.succeeded, "\(first.output)")
        #expect(try network.call(container).run("DEL", on: host).succeeded)
        let before = try belongings(host)

        let added = try network.call(container).run("ADD", on: host)
        try #require(added.succeeded && added.errorOutput.isEmpty, "\(added.output)\(added.errorOutput)")
        let call = network.call(container).after(added)
        for verb in ["CHECK", "STATUS"] {
            let outcome = try call.run(verb, on: host)
            #expect(outcome.succeeded, "\(verb): \(outcome.output)")
        }
        #expect(container.reaches("10.1.2.1"))
        // As README says: Docker drops what is forwarded, unless it is let through.
        try host.shell(
            "nft insert rule ip filter DOCKER-USER oifname bridge0 accept; nft insert rule ip filter DOCKER-USER iifname bridge0 accept"
        )
        #expect(container.reaches(TestRouter.addresses[0]))
        #expect(try router.sources() == [TestRouter.hostAddresses[0]])
        try host.shell("nft flush chain ip filter DOCKER-USER; nft add rule ip filter DOCKER-USER return")
        #expect(try call.run("DEL", on: host).succeeded)
        #expect(try belongings(host) == before)
    }

    @Test func garbageCollectionTakesNothingOfOthers() throws {
        var network = try BridgeNetwork()
        try network.host.crowd()
        network.more = ["isDefaultGateway": true, "ipMasq": true, "macspoofchk": true]
        let container = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        let before = try belongings(network.host)
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        network.version = "1.1.0"
        var call = network.call(nil)
        call.configuration = network.configuration(keeping: [])
        let collected = try call.run("GC", on: network.host)
        #expect(collected.succeeded, "\(collected.output)")
        #expect(try belongings(network.host) == before)
    }

    @Test func hostsOfAnOverlayReachEachOther() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: ["ipMasq": true]), hosts: 2)
        for member in cluster.members {
            try member.host.crowd()
            for direction in ["iifname", "oifname"] {
                try member.host.shell("nft insert rule ip filter DOCKER-USER \(direction) cni0 accept")
            }
        }
        let rules = try cluster.members.map { try $0.host.ruleset() }
        let results = try cluster.attachAll()
        #expect(try cluster.members[0].container.reaches(results[1].hosts[0], mtu: cluster.mtu))
        for (member, added) in zip(cluster.members, results) {
            let call = cluster.call(member).after(added)
            for verb in ["STATUS", "CHECK"] {
                let outcome = try call.run(verb, on: member.host)
                #expect(outcome.succeeded && outcome.errorOutput.isEmpty, "\(outcome.output)\(outcome.errorOutput)")
            }
            #expect(try call.run("DEL", on: member.host).succeeded)
        }
        let uncounted = { (rules: String) in rules.replacing(/packets [0-9]+ bytes [0-9]+/, with: "") }
        #expect(try cluster.members.map { uncounted(try $0.host.ruleset()) } == rules.map(uncounted))
    }
}
