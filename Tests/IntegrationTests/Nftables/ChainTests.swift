import LinuxSystem
import TestSupport
import Testing

@testable import Nftables

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct ChainTests {
    struct HookCase: Sendable {
        var family = TableFamily.inet
        let hook: Chain.Hook
        /// In nft(8)'s words.
        let text: String
    }

    /// nft reads our chain as it was meant, and we read what nft makes of its own words.
    @Test(arguments: [
        HookCase(hook: .destinationNAT, text: "type nat hook prerouting priority dstnat"),
        HookCase(hook: .outputDestinationNAT, text: "type nat hook output priority -100"),
        HookCase(hook: .sourceNAT, text: "type nat hook postrouting priority srcnat"),
        HookCase(hook: .forwardFilter, text: "type filter hook forward priority filter"),
        HookCase(hook: .forwardMangle, text: "type filter hook forward priority mangle"),
        HookCase(family: .bridge, hook: .bridgeForward, text: "type filter hook forward priority filter"),
        HookCase(hook: .inputFilter, text: "type filter hook input priority filter"),
        HookCase(family: .bridge, hook: .bridgePrerouting, text: "type filter hook prerouting priority dstnat"),
    ])
    func hookIsWhatNftMakesOfItsWords(_ example: HookCase) throws {
        let ours = try NetworkNamespace.make()
        let theirs = try NetworkNamespace.make()
        var our = try NftablesSocket(in: ours)
        var their = try NftablesSocket(in: theirs)
        let chain = Chain(in: Table(example.family, "t"), "c", hook: example.hook)
        var transaction = NftablesTransaction()
        transaction.ensure(chain.table)
        transaction.ensure(chain)
        try our.commit(transaction)
        let ruleset = """
            table \(example.family) t {
            \tchain c {
            \t\t\(example.text); policy accept;
            \t}
            }

            """
        #expect(try ours.ruleset() == ruleset)
        try theirs.shell("nft -f -", input: ruleset)
        #expect(try their.chain(named: "c", in: chain.table)?.hook == example.hook)
    }

    @Test func findsTheChainsThatDecideOnForwarding() throws {
        let host = try NetworkNamespace.make()
        try host.shell(
            """
            iptables -P FORWARD DROP
            nft -f -
            """,
            input: """
                table inet filter {
                \tchain forward {
                \t\ttype filter hook forward priority filter + 10; policy accept;
                \t}
                \tchain input {
                \t\ttype filter hook input priority filter; policy drop;
                \t}
                \tchain other {
                \t}
                }
                table ip6 mangle {
                \tchain first {
                \t\ttype filter hook forward priority mangle; policy drop;
                \t}
                }
                table bridge filter {
                \tchain forward {
                \t\ttype filter hook forward priority filter; policy drop;
                \t}
                }

                """)
        var socket = try NftablesSocket(in: host)
        let found = try socket.forwardingFilters().map { "\($0) \($0.hook?.policy == .drop)" }
        #expect(found.sorted() == ["inet filter forward false", "ip filter FORWARD true", "ip6 mangle first true"])
    }

    @Test func ensuringAChainSetsItsPolicy() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft add table inet t; nft add chain inet t c '{ type filter hook forward priority 0; }'")
        var socket = try NftablesSocket(in: host)
        var chain = Chain(in: Table(.inet, "t"), "c", hook: .forwardFilter)
        for policy in [Chain.Hook.Policy.drop, .accept] {
            chain.hook?.policy = policy
            var transaction = NftablesTransaction()
            transaction.ensure(chain)
            try socket.commit(transaction)
            #expect(try host.ruleset().contains("policy \(policy);"))
            #expect(try socket.chain(named: "c", in: chain.table)?.hook == chain.hook)
        }
    }
}
