import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import Nftables

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct NftablesSocketTests {
    private let table = Table(.inet, "t")
    private var chain: Chain { Chain(in: table, "c") }
    private var map: NftablesSet { NftablesSet(in: table, "m", [.address(.v4)], to: .verdict) }

    private func transaction(_ changes: (inout NftablesTransaction) -> Void) -> NftablesTransaction {
        var transaction = NftablesTransaction()
        changes(&transaction)
        return transaction
    }

    /// A ruleset that nft(8) makes, for us to read.
    private let ruleset = """
        table inet t {
            map m {
                type ipv4_addr : verdict
                elements = { 10.0.0.1 comment "one" : goto c, 10.0.0.2 : jump c, 10.0.0.3 : drop }
            }
            chain c {
                ip saddr 10.0.0.0/8 counter drop comment "first"
                masquerade
            }
            chain d {
                jump c comment "second"
                ip saddr vmap @m
                counter goto c
            }
            chain e {
                type nat hook postrouting priority srcnat
            }
        }

        """

    // MARK: Writing, read by nft

    @Test func makesWhatNftMakes() throws {
        let ours = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: ours)
        let table = Table(.inet, "t", comment: "a table")
        let chain = Chain(in: table, "c", comment: "a chain")
        let base = Chain(in: table, "base", hook: .sourceNAT)
        let v6 = NftablesSet(in: table, "m6", [.address(.v6)], to: .verdict)
        let addresses = try ["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"].map { try #require(IPAddress($0)) }
        try socket.commit(
            transaction {
                $0.ensure(table)
                $0.ensure(chain)
                $0.ensure(base)
                $0.ensure(map)
                $0.ensure(v6)
                $0.add(
                    NftablesSet.Element(in: map, [.address(addresses[0])], .verdict(.goto("c")), comment: "an element"))
                $0.add(NftablesSet.Element(in: map, [.address(addresses[1])], .verdict(.accept)))
                $0.add(NftablesSet.Element(in: map, [.address(addresses[2])], .verdict(.drop)))
                $0.add(NftablesSet.Element(in: v6, [.address(addresses[3])], .verdict(.jump(to: "c"))))
                $0.add(Rule(in: base, .verdict(of: [.sourceAddress(.v4)], from: map), comment: "a rule"))
                $0.add(Rule(in: base, .verdict(of: [.sourceAddress(.v6)], from: v6)))
                $0.add(Rule(in: base, .verdict(.jump(to: "c"))))
                $0.add(Rule(in: chain, .masquerade()))
            })

        let ruleset = """
            table inet t {
            \tcomment "a table"
            \tmap m {
            \t\ttype ipv4_addr : verdict
            \t\telements = { 10.0.0.1 comment "an element" : goto c,
            \t\t\t     10.0.0.2 : accept,
            \t\t\t     10.0.0.3 : drop }
            \t}

            \tmap m6 {
            \t\ttype ipv6_addr : verdict
            \t\telements = { fd00::1 : jump c }
            \t}

            \tchain c {
            \t\tcomment "a chain"
            \t\tmasquerade
            \t}

            \tchain base {
            \t\ttype nat hook postrouting priority srcnat; policy accept;
            \t\tip saddr vmap @m comment "a rule"
            \t\tip6 saddr vmap @m6
            \t\tjump c
            \t}
            }

            """
        let nfts = try NetworkNamespace.make()
        try nfts.shell("nft -f -", input: ruleset)
        #expect(try ours.rulesetJSON() == nfts.rulesetJSON())
        #expect(try ours.ruleset().rulesetParts == ruleset.rulesetParts)
        try ours.shell("nft -c -f -", input: ours.ruleset())
    }

    // MARK: Transactions

    @Test func ensuringTwiceChangesNothing() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let base = Chain(in: table, "base", hook: .sourceNAT, comment: "why")
        let everything = transaction {
            $0.ensure(table)
            $0.ensure(chain)
            $0.ensure(base)
            $0.ensure(map)
        }
        try socket.commit(everything)
        let before = try host.shell("nft -a list ruleset")
        try socket.commit(everything)
        #expect(try host.shell("nft -a list ruleset") == before)
    }

    @Test func namesFirstRefusedChangeAndChangesNothing() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        let before = try host.shell("nft -a list ruleset")
        var socket = try NftablesSocket(in: host)
        let address = try #require(IPAddress("10.0.0.9"))
        let error = #expect(throws: SystemError.self) {
            try socket.commit(
                transaction {
                    $0.ensure(Table(.inet, "new"))
                    $0.add(NftablesSet.Element(in: map, [.address(address)], .verdict(.goto("c"))))
                    $0.add(NftablesSet.Element(in: map, [.address(address)], .verdict(.goto("nowhere"))))
                    $0.delete(Chain(in: table, "gone"))
                    $0.ensure(Table(.inet, "newer"))
                })
        }
        #expect(error?.description == "add element 10.0.0.9 to inet t m: No such file or directory")
        #expect(try host.shell("nft -a list ruleset") == before)
        // The answers to the rest of the batch are not taken for those to what comes next.
        try socket.commit(transaction { $0.ensure(Table(.inet, "new")) })
        #expect(try socket.useCount(of: Table(.inet, "new")) == 0)
    }

    @Test func refusesElementWhoseAddressIsThere() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        var socket = try NftablesSocket(in: host)
        let address = try #require(IPAddress("10.0.0.1"))
        let element = try #require(try socket.element(for: [.address(address)], in: map))
        let error = #expect(throws: SystemError.self) { try socket.commit(transaction { $0.add(element) }) }
        #expect(error?.code == .exists)

        var other = element
        other.comment = "other"
        try socket.commit(
            transaction {
                $0.delete(element)
                $0.add(other)
            })
        #expect(try socket.element(for: [.address(address)], in: map) == other)
    }

    @Test func deletesTableOnlyIfItIsEmpty() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft add table inet t; nft add map inet t m '{ type ipv4_addr : verdict; }'")
        try host.shell("nft add element inet t m '{ 10.0.0.1 : drop }'")
        var socket = try NftablesSocket(in: host)
        let error = #expect(throws: SystemError.self) { try socket.commit(transaction { $0.deleteIfEmpty(table) }) }
        #expect(error?.description == "delete table inet t: Device or resource busy")
        try socket.commit(
            transaction {
                $0.delete(map)
                $0.deleteIfEmpty(table)
            })
        #expect(try host.ruleset() == "")
    }

    @Test func keepsMapThatRulesLookInto() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        var socket = try NftablesSocket(in: host)
        let error = #expect(throws: SystemError.self) { try socket.commit(transaction { $0.delete(map) }) }
        #expect(error?.description == "delete map inet t m: Device or resource busy")
    }

    @Test func keepsChainThatVerdictsLeadTo() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        var socket = try NftablesSocket(in: host)
        let error = #expect(throws: SystemError.self) { try socket.commit(transaction { $0.delete(chain) }) }
        #expect(error?.description == "delete chain inet t c: Device or resource busy")
    }

    @Test func flushesChain() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        var socket = try NftablesSocket(in: host)
        try socket.commit(transaction { $0.flush(Chain(in: table, "d")) })
        #expect(try socket.rules(in: Chain(in: table, "d")) == [])
        #expect(try socket.rules(in: chain).count == 2)
    }

    @Test func decidesAgainWhenOthersChangedTheRuleset() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        var decisions = 0
        try socket.update { (socket) throws(SystemError) in
            decisions += 1
            if decisions < 3 {
                var other = try NftablesSocket(in: host)
                try other.commit(transaction { $0.ensure(Table(.inet, "other\(decisions)")) })
            }
            return transaction { $0.ensure(Table(.inet, "t\(decisions)")) }
        }
        #expect(decisions == 3)
        #expect(try host.ruleset() == "table inet other1 {\n}\ntable inet other2 {\n}\ntable inet t3 {\n}\n")
    }

    @Test func givesUpWhenTheRulesetNeverStandsStill() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        var other = try NftablesSocket(in: host)
        var decisions = 0
        let error = #expect(throws: SystemError.self) {
            try socket.update { (socket) throws(SystemError) in
                decisions += 1
                try other.commit(transaction { $0.ensure(Table(.inet, "other\(decisions)")) })
                return transaction { $0.ensure(table) }
            }
        }
        #expect(error?.code == .wouldBlock)
        #expect(try socket.useCount(of: table) == nil)
    }

    // MARK: Reading what nft made

    @Test func readsChains() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset + "add table ip t\nadd chain ip t other\n")
        var socket = try NftablesSocket(in: host)
        // It holds two rules, and two rules and two elements lead to it.
        let listed = ListedChain(name: "c", hook: nil, useCount: 6)
        #expect(try socket.chain(named: "c", in: table) == listed)
        #expect(
            try socket.chains(in: table) == [
                listed, ListedChain(name: "d", hook: nil, useCount: 3),
                ListedChain(name: "e", hook: .sourceNAT, useCount: 0),
            ])
        #expect(try socket.useCount(of: table) == 4)
    }

    @Test func readsRulesAndDeletesOneByHandle() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        var socket = try NftablesSocket(in: host)
        let rules = try socket.rules(in: Chain(in: table, "d"))
        #expect(rules.map(\.comment) == ["second", nil, nil])
        #expect(rules.map(\.verdict) == [.jump(to: "c"), nil, .goto("c")])
        #expect(try socket.rules(in: chain).map(\.comment) == ["first", nil])

        try socket.commit(transaction { $0.delete(rules[0], in: Chain(in: table, "d")) })
        #expect(try socket.rules(in: Chain(in: table, "d")) == Array(rules.dropFirst()))
    }

    @Test func readsElements() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        var socket = try NftablesSocket(in: host)
        let addresses = try ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map { try #require(IPAddress($0)) }
        let elements = [
            NftablesSet.Element(in: map, [.address(addresses[0])], .verdict(.goto("c")), comment: "one"),
            NftablesSet.Element(in: map, [.address(addresses[1])], .verdict(.jump(to: "c"))),
            NftablesSet.Element(in: map, [.address(addresses[2])], .verdict(.drop)),
        ]
        #expect(try Set(socket.elements(of: map)) == Set(elements))
        for (address, element) in zip(addresses, elements) {
            #expect(try socket.element(for: [.address(address)], in: map) == element)
        }
        let missing = try #require(IPAddress("10.0.0.4"))
        #expect(try socket.element(for: [.address(missing)], in: map) == nil)
    }

    @Test func readsMoreElementsThanFitIntoOneDatagram() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: ruleset)
        var socket = try NftablesSocket(in: host)
        let first = try #require(IPAddress("10.1.0.0"))
        var wanted: Set<[DataValue]> = []
        for batch in 0..<10 {
            var transaction = NftablesTransaction()
            for index in 0..<500 {
                let address = try #require(first.advanced(by: batch * 500 + index))
                wanted.insert([.address(address)])
                transaction.add(
                    NftablesSet.Element(in: map, [.address(address)], .verdict(.goto("c")), comment: "element \(index)")
                )
            }
            try socket.commit(transaction)
        }
        let read = try socket.elements(of: map)
        #expect(read.count == wanted.count + 3)
        #expect(Set(read.map(\.key)).isSuperset(of: wanted))
    }

    @Test func whatIsNotThereIsNoError() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let address = try #require(IPAddress("10.0.0.1"))
        #expect(try socket.useCount(of: table) == nil)
        #expect(try socket.chain(named: "c", in: table) == nil)
        #expect(try socket.chains(in: table) == [])
        #expect(try socket.rules(in: chain) == [])
        #expect(try socket.element(for: [.address(address)], in: map) == nil)
        #expect(try socket.elements(of: map) == [])
    }
}
