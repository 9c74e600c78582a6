import JSON
import LinuxSystem
import TestSupport
import Testing

/// Two networks of one host whose ranges overlap, so that two containers have the same address.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeOverlapTests {
    var first: BridgeNetwork
    var second: BridgeNetwork
    let containers: [TestContainer]
    let router: TestRouter

    static let addresses = ["10.9.9.2", "fd09::2"]

    init() throws {
        first = try BridgeNetwork()
        first.ranges = [[["subnet": "10.9.9.0/24"]], [["subnet": "fd09::/64"]]]
        first.more = ["isDefaultGateway": true, "ipMasq": true, "bridge": "bridge1"]
        second = first
        second.name = "net2"
        second.more["bridge"] = "bridge2"
        containers = try (0..<2).map { _ in try TestContainer() }
        // The way back to an address is by the first bridge alone.
        for name in ["all", "default"] { try first.host.run("sysctl", "-qw", "net.ipv4.conf.\(name).rp_filter=0") }
        router = try TestRouter(beside: first.host)
    }

    private func attach() throws {
        for (network, container) in zip([first, second], containers) {
            let added = try network.call(container).run("ADD", on: network.host)
            try #require(added.addresses == ["10.9.9.2/24", "fd09::2/64"], "\(added.output)")
        }
    }

    @Test func theEndOfOneLeavesTheMasqueradeOfTheOther() throws {
        try attach()
        let deleted = try second.call(containers[1]).run("DEL", on: second.host)
        #expect(deleted.succeeded, "\(deleted.output)")
        for address in TestRouter.addresses { #expect(containers[0].reaches(address), "\(address)") }
        #expect(try router.sources() == TestRouter.hostAddresses.sorted())
        #expect(try first.call(containers[0]).run("DEL", on: first.host).succeeded)
        #expect(try first.host.ruleset() == "")
    }

    /// Where the first is known by its address alone, as an earlier version made it.
    @Test func aFormerContainerKeepsItsMasqueradeBesideNewOnes() throws {
        let container = containers[0]
        var former = first
        former.more["ipMasq"] = false
        let added = try former.call(container).run("ADD", on: first.host)
        try #require(added.succeeded, "\(added.output)")
        try first.host.shell(
            "nft -f -",
            input: """
                table inet cni_bridge {
                    map masquerade4 {
                        type ipv4_addr : verdict
                        elements = { 10.9.9.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.9.9.0/24 }
                    }
                    map masquerade6 {
                        type ipv6_addr : verdict
                        elements = { fd09::2 comment "net1 cid1 eth0" : goto masquerade-net1-fd09__/64 }
                    }
                    chain postrouting {
                        type nat hook postrouting priority srcnat; policy accept;
                        ip saddr vmap @masquerade4
                        ip6 saddr vmap @masquerade6
                    }
                    chain masquerade-net1-10.9.9.0/24 {
                        ip daddr 10.9.9.0/24 return
                        ip daddr 224.0.0.0/4 return
                        masquerade
                    }
                    chain masquerade-net1-fd09__/64 {
                        ip6 daddr fd09::/64 return
                        ip6 daddr ff00::/8 return
                        masquerade
                    }
                }
                """)
        func expectMasquerade() throws {
            let checked = try first.call(container).after(added).run("CHECK", on: first.host)
            #expect(checked.succeeded, "\(checked.output)")
            for address in TestRouter.addresses { #expect(container.reaches(address), "\(address)") }
        }
        try expectMasquerade()
        let other = try second.call(containers[1]).run("ADD", on: second.host)
        #expect(other.succeeded, "\(other.output)")
        try expectMasquerade()
        #expect(try second.call(containers[1]).run("DEL", on: second.host).succeeded)
        try expectMasquerade()
        #expect(try router.sources() == TestRouter.hostAddresses.sorted())
        #expect(try first.call(container).run("DEL", on: first.host).succeeded)
        #expect(try first.host.ruleset() == "")
    }

    @Test func eachIsMasqueradedWhileBothAreThere() throws {
        try attach()
        for address in TestRouter.addresses { #expect(containers[0].reaches(address), "\(address)") }
        for address in TestRouter.addresses { try containers[1].ask(address) }
        #expect(try router.sources() == TestRouter.hostAddresses.sorted())
    }

    @Test mutating func oneThatIsNotMasqueradedIsLeftAlone() throws {
        second.more["ipMasq"] = false
        try attach()
        for address in TestRouter.addresses { try containers[1].ask(address) }
        // What was asked before has arrived by then.
        for address in TestRouter.addresses { #expect(containers[0].reaches(address), "\(address)") }
        #expect(try router.sources() == (Self.addresses + TestRouter.hostAddresses).sorted())
    }
}
