import Addressing
import LinuxSystem
import Nftables
import PacketRules
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct NetworkRulesTests {
    private func rules(
        masquerade: NetworkRules.Masquerading? = .withRandomPorts, forwards: Bool = true,
        subnet: String = "10.244.1.0/24"
    ) throws -> NetworkRules {
        let part = NetworkRules.Part(
            network: try #require(CIDR("10.244.0.0/16")), subnet: try #require(CIDR(subnet)))
        return NetworkRules(
            table: "flanneld", comment: "flanneld", parts: [part], masquerade: masquerade, forwards: forwards)
    }

    private func ensure(_ rules: NetworkRules, on host: borrowing NetworkNamespace) throws -> Bool {
        var socket = try NftablesSocket(in: host)
        return try !rules.ensure(on: &socket).isEmpty
    }

    @Test func areTheRulesOfTheReferenceInItsOrder() throws {
        let host = try NetworkNamespace.make()
        #expect(try ensure(rules(), on: host))
        #expect(
            try host.ruleset().replacing(#/(accept|return|random) comment "[^"]*"/#) { String($0.1) } == """
                table inet flanneld {
                \tcomment "flanneld"
                \tchain postrouting {
                \t\ttype nat hook postrouting priority srcnat; policy accept;
                \t\tmeta mark & 0x00004000 == 0x00004000 return
                \t\tip saddr 10.244.1.0/24 ip daddr 10.244.0.0/16 return
                \t\tip daddr 10.244.1.0/24 return
                \t\tip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
                \t\tip saddr != 10.244.0.0/16 ip daddr 10.244.0.0/16 masquerade fully-random
                \t}
                }

                """)
        #expect(try !ensure(rules(), on: host))
    }

    @Test(arguments: [
        "nft flush ruleset", "nft delete table inet flanneld", "nft flush chain inet flanneld postrouting",
        "nft insert rule inet flanneld postrouting accept",
    ])
    func areMendedWhateverWasDoneToThem(damage: String) throws {
        let host = try NetworkNamespace.make()
        _ = try ensure(rules(), on: host)
        let before = try host.rulesetJSON()
        try host.shell(damage)
        #expect(try ensure(rules(), on: host))
        #expect(try host.rulesetJSON() == before)
    }

    @Test func followTheSubnetAndTheOptions() throws {
        let host = try NetworkNamespace.make()
        _ = try ensure(rules(), on: host)
        #expect(try ensure(rules(subnet: "10.244.2.0/24"), on: host))
        #expect(try !host.ruleset().contains("10.244.1.0/24"))
        #expect(try ensure(rules(masquerade: .withOrderedPorts), on: host))
        #expect(try !host.ruleset().contains("fully-random"))
        #expect(try ensure(rules(masquerade: nil), on: host))
        #expect(try !host.ruleset().contains("masquerade"))
        #expect(try host.chains().isEmpty)
        #expect(try !ensure(rules(masquerade: nil, forwards: false), on: host))
    }

    /// As Docker and firewalls have it; the reference's chain for nf_tables is of no use there.
    @Test(arguments: AdmissionTests.firewalls) func letTheNetworkThroughWhereOthersDrop(
        firewall: AdmissionTests.Firewall
    ) throws {
        let host = try NetworkNamespace.make()
        try host.shell(firewall.commands)
        let before = try uncounted(host)
        #expect(try ensure(rules(masquerade: nil), on: host))
        let after = try uncounted(host)
        let accepting = after.split(separator: "\n").filter { $0.contains(#"comment "network of flanneld""#) }
        #expect(accepting.contains { $0.contains("ip saddr 10.244.0.0/16 counter accept") })
        #expect(accepting.contains { $0.contains("ip daddr 10.244.0.0/16 counter accept") })
        #expect(try !ensure(rules(masquerade: nil), on: host))
        // Nothing of an IPv4 network is let through for IPv6.
        #expect(!accepting.contains { $0.contains("ip6") })

        #expect(try ensure(rules(masquerade: nil, forwards: false), on: host))
        #expect(try uncounted(host) == before)
    }

    private func uncounted(_ host: borrowing NetworkNamespace) throws -> String {
        try host.ruleset().replacing(/counter packets \d+ bytes \d+/, with: "counter")
    }

    @Test func openAgainWhatIsFilledAnew() throws {
        let host = try NetworkNamespace.make()
        try host.shell("iptables -P FORWARD DROP")
        #expect(try ensure(rules(), on: host))
        let first = try host.shell("iptables -S FORWARD")
        for damage in [
            "iptables -F FORWARD", "nft delete table ip filter; iptables -P FORWARD DROP",
            "iptables -D FORWARD 1",
        ] {
            try host.shell(damage)
            #expect(try ensure(rules(), on: host), "\(damage)")
            #expect(try host.shell("iptables -S FORWARD") == first)
        }
    }

    /// Two daemons for two networks.
    @Test func leaveTheRulesOfAnotherNetworkAlone() throws {
        let host = try NetworkNamespace.make()
        try host.shell("iptables -P FORWARD DROP")
        let part = NetworkRules.Part(
            network: try #require(CIDR("10.245.0.0/16")), subnet: try #require(CIDR("10.245.1.0/24")))
        let other = NetworkRules(
            table: "flanneld_other", comment: "other", parts: [part], masquerade: nil, forwards: true)
        for _ in 1...2 {
            _ = try ensure(rules(), on: host)
            _ = try ensure(other, on: host)
        }
        #expect(try !ensure(rules(), on: host))
        _ = try ensure(rules(forwards: false), on: host)
        #expect(try !ensure(other, on: host))
    }
}
