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
        return try rules.ensure(on: &socket)
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

                \tchain forward {
                \t\ttype filter hook forward priority filter; policy accept;
                \t\tip saddr 10.244.0.0/16 accept
                \t\tip daddr 10.244.0.0/16 accept
                \t}
                }

                """)
        #expect(try !ensure(rules(), on: host))
    }

    @Test(arguments: [
        "nft flush ruleset", "nft delete table inet flanneld", "nft flush chain inet flanneld forward",
        "nft insert rule inet flanneld postrouting accept", "nft add rule inet flanneld forward drop",
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
        #expect(try ensure(rules(masquerade: nil, forwards: false), on: host))
        #expect(try host.chains().isEmpty)
        #expect(try !ensure(rules(masquerade: nil, forwards: false), on: host))
    }
}
