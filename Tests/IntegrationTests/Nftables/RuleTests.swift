import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import Nftables

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct RuleTests {
    struct RuleCase: Sendable {
        var family = TableFamily.inet
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
            RuleCase(statements: [.masquerade], text: "masquerade"),
        ]
    }

    private static let table = Table(.inet, "t")
    private static let pairs = NftablesSet(in: table, "pairs", [.address(.v4), .address(.v4)])
    private static let names = NftablesSet(in: table, "names", [.interfaceName])
    private static let ways = NftablesSet(in: table, "ways", [.interfaceName, .address(.v6)], to: .verdict)
    private static let ports = NftablesSet(in: table, "ports", [.inetProtocol, .inetService], to: .verdict)

    private static var fields: [RuleCase] {
        let v4 = IPAddress("10.1.2.3") ?? .any(.v4)
        return [
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
                statements: [.verdict(of: [.inputInterface, .destinationAddress(.v6)], from: ways)],
                text: "iifname . ip6 daddr vmap @ways"),
            RuleCase(
                statements: [.verdict(of: [.transportProtocol, .destinationPort], from: ports)],
                text: "meta l4proto . th dport vmap @ports"),
        ]
    }

    /// nft reads our rule as it was meant, and what it makes of its own words does what our rule does.
    @Test(arguments: matches + others + fields)
    func isWhatNftMakesOfItsWords(_ example: RuleCase) throws {
        let ours = try NetworkNamespace.make()
        let theirs = try NetworkNamespace.make()
        var our = try NftablesSocket(in: ours)
        var their = try NftablesSocket(in: theirs)
        let table = Table(example.family, "t")
        let hook: Chain.Hook? = example.text.contains("masquerade") ? .sourceNAT : nil
        let chain = Chain(in: table, "c", hook: hook)
        var rule = Rule(in: chain)
        rule.statements = example.statements
        var transaction = NftablesTransaction()
        transaction.ensure(table)
        if table == Self.table {
            for set in [Self.pairs, Self.names, Self.ways, Self.ports] { transaction.ensure(set) }
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
            #expect(listed.allSatisfy { $0.does(theSameAs: rule) }, "\(listed) \(rule.expressions)")
        }
    }
}
