import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import Nftables

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct RuleTests {
    struct RuleCase: Sendable {
        var family = TableFamily.inet
        var hook: Chain.Hook?
        let statements: [Statement]
        /// In nft(8)'s words.
        let text: String
    }

    private static let matches: [RuleCase] =
        ["10.1.2.0/24", "10.1.2.128/25", "10.1.2.3/32", "0.0.0.0/0", "128.0.0.0/1"]
        .flatMap { addressCases($0, "ip") }
        + ["fd00::/64", "fd00::8000:0:0:0/66", "fd00::1/128", "::/0"].flatMap { addressCases($0, "ip6") }

    private static func addressCases(_ text: String, _ word: String) -> [RuleCase] {
        guard let network = CIDR(text) else { return [] }
        let shown = network.prefixLength == network.family.bitWidth ? "\(network.address)" : text
        return [
            RuleCase(
                statements: [.sourceAddress(in: network), .destinationAddress(in: network, negated: true)],
                text: "\(word) saddr \(shown) \(word) daddr != \(shown)"),
            RuleCase(
                family: .bridge, statements: [.destinationAddress(in: network)], text: "\(word) daddr \(shown)"),
            RuleCase(
                family: network.family == .v4 ? .ipv4 : .ipv6, statements: [.sourceAddress(in: network, negated: true)],
                text: "\(word) saddr != \(shown)"),
        ]
    }

    private static var others: [RuleCase] {
        let mac = MACAddress("02:00:00:00:00:01") ?? .zero
        return [
            RuleCase(
                family: .bridge, statements: [.match(.sourceMAC, .etherAddress(mac), negated: true), .verdict(.drop)],
                text: "ether saddr != 02:00:00:00:00:01 drop"),
            RuleCase(statements: [.verdict(.accept)], text: "accept"),
            RuleCase(statements: [.verdict(.jump(to: "d"))], text: "jump d"),
            RuleCase(statements: [.verdict(.goto("d"))], text: "goto d"),
            RuleCase(statements: [.verdict(.return)], text: "return"),
            RuleCase(statements: [.counter, .verdict(.drop)], text: "counter packets 0 bytes 0 drop"),
        ]
    }

    private static let table = Table(.inet, "t")
    private static let pairs = NftablesSet(in: table, "pairs", [.address(.v4), .address(.v4)])
    private static let names = NftablesSet(in: table, "names", [.interfaceName])
    private static let doors = NftablesSet(in: table, "doors", [.interfaceName, .interfaceName])
    private static let ways = NftablesSet(in: table, "ways", [.interfaceName, .address(.v6)], to: .verdict)
    private static let ports = NftablesSet(in: table, "ports", [.inetProtocol, .inetService], to: .verdict)
    private static let targets4 = NftablesSet(
        in: table, "targets4", [.inetProtocol, .address(.v4), .inetService], to: .values([.address(.v4), .inetService]))
    private static let targets6 = NftablesSet(
        in: table, "targets6", [.inetProtocol, .inetService], to: .values([.address(.v6), .inetService]))
    private static let twins = NftablesSet(in: table, "twins", [.address(.v4)], to: .values([.address(.v4)]))
    private static let marks = NftablesSet(in: table, "marks", [.mark])
    private static let sets = [pairs, names, doors, ways, ports, targets4, targets6, twins, marks]

    private static let v4 = IPAddress("10.1.2.3") ?? .any(.v4)
    private static let v6 = IPAddress("fd00::1") ?? .any(.v6)

    private static let addressChanges = [
        RuleCase(
            hook: .destinationNAT,
            statements: [.match(.destinationPort(of: .tcp), .inetService(80)), .destinationNAT(to: v4, port: 8080)],
            text: "tcp dport 80 dnat ip to 10.1.2.3:8080"),
        RuleCase(
            hook: .outputDestinationNAT,
            statements: [.match(.destinationPort(of: .udp), .inetService(53)), .destinationNAT(to: v6, port: 5353)],
            text: "udp dport 53 dnat ip6 to [fd00::1]:5353"),
        RuleCase(hook: .destinationNAT, statements: [.destinationNAT(to: v4)], text: "dnat ip to 10.1.2.3"),
        RuleCase(
            hook: .destinationNAT,
            statements: [
                .destinationIsLocal,
                .destinationNAT(
                    .v4, to: [.transportProtocol, .destinationAddress(.v4), .destinationPort], from: targets4),
            ],
            text: "fib daddr type local dnat ip to meta l4proto . ip daddr . th dport map @targets4"),
        RuleCase(
            hook: .outputDestinationNAT,
            statements: [.destinationNAT(.v6, to: [.transportProtocol, .destinationPort], from: targets6)],
            text: "dnat ip6 to meta l4proto . th dport map @targets6"),
        RuleCase(
            hook: .destinationNAT, statements: [.destinationNAT(.v4, to: [.destinationAddress(.v4)], from: twins)],
            text: "dnat ip to ip daddr map @twins"),
        RuleCase(
            family: .ipv4, hook: .destinationNAT, statements: [.destinationNAT(to: v4)], text: "dnat to 10.1.2.3"),
        RuleCase(hook: .sourceNAT, statements: [.sourceNAT(to: v6)], text: "snat ip6 to fd00::1"),
        RuleCase(hook: .sourceNAT, statements: [.masquerade()], text: "masquerade"),
        RuleCase(
            hook: .sourceNAT, statements: [.masquerade([.fullyRandom, .persistent])],
            text: "masquerade fully-random,persistent"),
        RuleCase(
            hook: .destinationNAT,
            statements: [.match(.destinationPort(of: .tcp), .inetService(80)), .redirect(toPort: 8080)],
            text: "tcp dport 80 redirect to :8080"),
    ]

    private static let connections = [
        RuleCase(
            statements: [.connection(isIn: [.established, .related]), .verdict(.accept)],
            text: "ct state established,related accept"),
        RuleCase(statements: [.connection(isIn: .invalid), .verdict(.drop)], text: "ct state invalid drop"),
        RuleCase(
            hook: .forwardFilter, statements: [.connection(isIn: .new), .connection(has: .destinationNAT)],
            text: "ct state new ct status dnat"),
        RuleCase(
            statements: [.match(.originalDestinationAddress(.v4), .address(v4))],
            text: "ct original ip daddr 10.1.2.3"),
        RuleCase(
            statements: [.transportProtocol(.tcp), .match(.originalDestinationPort, .inetService(80))],
            text: "meta l4proto tcp ct original proto-dst 80"),
        RuleCase(statements: [.match(.packet, bits: 0x2000)], text: "meta mark & 0x00002000 == 0x00002000"),
        RuleCase(statements: [.match(.connection, bits: 1)], text: "ct mark & 0x00000001 == 0x00000001"),
        RuleCase(statements: [.match(.mark(.packet), .mark(1))], text: "meta mark 0x00000001"),
        RuleCase(statements: [.match([.mark(.connection)], in: marks)], text: "ct mark @marks"),
        RuleCase(statements: [.set(.packet, to: 5)], text: "meta mark set 0x00000005"),
        RuleCase(
            statements: [.set(.packet, to: 0x2000, mask: 0x2000)], text: "meta mark set meta mark | 0x00002000"),
        RuleCase(
            statements: [.set(.connection, to: 0, mask: 0x2000)], text: "ct mark set ct mark & 0xffffdfff"),
        RuleCase(statements: [.set(.connection, from: .packet)], text: "ct mark set meta mark"),
        RuleCase(statements: [.set(.packet, from: .connection)], text: "meta mark set ct mark"),
    ]

    private static var fields: [RuleCase] {
        [
            RuleCase(
                statements: [
                    .match(.sourceAddress(.v4), .address(v4)), .match(.destinationPort(of: .tcp), .inetService(80)),
                ],
                text: "ip saddr 10.1.2.3 tcp dport 80"),
            RuleCase(
                statements: [
                    .match(.inputInterface, .interfaceName("cni0")),
                    .match(.outputInterface, .interfaceName("cni0"), negated: true), .verdict(.accept),
                ],
                text: #"iifname "cni0" oifname != "cni0" accept"#),
            RuleCase(statements: [.transportProtocol(.sctp), .verdict(.drop)], text: "meta l4proto sctp drop"),
            RuleCase(
                statements: [
                    .transportProtocol(.udp), .match(.destinationPort(of: .udp), .inetService(53), negated: true),
                ],
                text: "udp dport != 53"),
            RuleCase(
                statements: [.match([.sourceAddress(.v4), .destinationAddress(.v4)], in: pairs), .verdict(.accept)],
                text: "ip saddr . ip daddr @pairs accept"),
            RuleCase(
                statements: [.match([.outputInterface], in: names, negated: true), .verdict(.drop)],
                text: "oifname != @names drop"),
            RuleCase(
                statements: [.match([.inputInterface, .outputInterface], in: doors, negated: true), .verdict(.drop)],
                text: "iifname . oifname != @doors drop"),
            RuleCase(
                statements: [
                    .match(.inputInterfaceKind, .interfaceName("veth")),
                    .match(.outputInterfaceKind, .interfaceName("vxlan")),
                ],
                text: #"meta iifkind "veth" meta oifkind "vxlan""#),
            RuleCase(
                statements: [.verdict(of: [.inputInterface, .destinationAddress(.v6)], from: ways)],
                text: "iifname . ip6 daddr vmap @ways"),
            RuleCase(
                statements: [.verdict(of: [.transportProtocol, .destinationPort], from: ports)],
                text: "meta l4proto . th dport vmap @ports"),
        ]
    }

    @Test func insertedRuleComesFirst() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let chain = Chain(in: Self.table, "c")
        var transaction = NftablesTransaction()
        transaction.ensure(Self.table)
        transaction.ensure(chain)
        transaction.add(Rule(in: chain, .verdict(.drop), comment: "second"))
        transaction.insert(Rule(in: chain, .verdict(.return), comment: "first"))
        try socket.commit(transaction)
        #expect(try socket.rules(in: chain).map(\.comment) == ["first", "second"])
    }

    /// In the words of nft(8) and of iptables(8).
    @Test(arguments: [
        ("nft add rule ip filter FORWARD drop", true),
        ("nft add rule ip filter FORWARD counter reject with icmp type admin-prohibited", true),
        ("nft add rule ip filter FORWARD log prefix x counter drop", true),
        ("iptables -A FORWARD -j REJECT", true),
        ("iptables -A FORWARD -m comment --comment all -j REJECT --reject-with icmp-host-prohibited", true),
        ("iptables -A FORWARD -j DROP", true),
        ("iptables -A FORWARD -s 10.0.0.0/8 -j DROP", false),
        ("iptables -A FORWARD -p tcp -j REJECT", false),
        ("iptables -A FORWARD -j LOG", false),
        ("nft add rule ip filter FORWARD ct state invalid drop", false),
        ("nft add rule ip filter FORWARD counter", false),
        ("nft add rule ip filter FORWARD accept", false),
    ])
    func knowsARuleThatRefusesEverything(_ command: String, _ refuses: Bool) throws {
        let host = try NetworkNamespace.make()
        try host.shell("iptables -P FORWARD ACCEPT; \(command)")
        var socket = try NftablesSocket(in: host)
        let rules = try socket.rules(in: Chain(in: Table(.ipv4, "filter"), "FORWARD"))
        #expect(rules.map(\.refusesEverything) == [refuses])
    }

    @Test func knowsWhatARuleOfIptablesBeginsWith() throws {
        let host = try NetworkNamespace.make()
        try host.shell("iptables -A FORWARD -d 10.1.2.3 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        var socket = try NftablesSocket(in: host)
        let rule = try #require(try socket.rules(in: Chain(in: Table(.ipv4, "filter"), "FORWARD")).first)
        let (own, other) = (CIDR.host(Self.v4), CIDR.any(.v4))
        #expect(rule.begins(with: .destinationAddress(in: own), in: .ipv4))
        #expect(!rule.begins(with: .sourceAddress(in: own), in: .ipv4))
        #expect(!rule.begins(with: .destinationAddress(in: other), in: .ipv4))
    }

    /// nft reads our rule as it was meant, and what it makes of its own words does what our rule does.
    @Test(arguments: matches + others + fields + addressChanges + connections)
    func isWhatNftMakesOfItsWords(_ example: RuleCase) throws {
        let ours = try NetworkNamespace.make()
        let theirs = try NetworkNamespace.make()
        var our = try NftablesSocket(in: ours)
        var their = try NftablesSocket(in: theirs)
        let table = Table(example.family, "t")
        let chain = Chain(in: table, "c", hook: example.hook)
        var rule = Rule(in: chain)
        rule.statements = example.statements
        var transaction = NftablesTransaction()
        transaction.ensure(table)
        if table == Self.table {
            for set in Self.sets { transaction.ensure(set) }
        }
        transaction.ensure(chain)
        transaction.ensure(Chain(in: table, "d"))
        transaction.add(rule)
        try our.commit(transaction)
        let ruleset = try ours.ruleset()
        #expect(ruleset.contains("\n\t\t\(example.text)\n"), "\(ruleset)")

        try theirs.shell("nft -f -", input: ruleset)
        #expect(try ours.rulesetJSON() == theirs.rulesetJSON())
        for listed in try [our.rules(in: chain), their.rules(in: chain)] {
            #expect(listed.count == 1)
            #expect(listed.allSatisfy { $0.does(theSameAs: rule) }, "\(listed.map(\.expressions)) \(rule.expressions)")
        }
    }
}
