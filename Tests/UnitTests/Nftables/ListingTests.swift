import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import Nftables

struct ListingTests {
    private let table = Table(.inet, "t")

    /// Attributes of `NFT_MSG_NEWRULE`.
    private let rule = hex(
        "0600 0100", text("t", nulls: 3),  // TABLE
        "0600 0200", text("c", nulls: 3),  // CHAIN
        "0c00 0300", "0000000000000007",  // HANDLE
        "3c00 0480", "3800 0180",  // EXPRESSIONS, LIST_ELEM
        "0e00 0100", text("immediate", nulls: 3),  // NAME
        "2400 0280",  // DATA
        "0800 0100", "00000000",  // DREG
        "1800 0280", "1400 0280",  // DATA: VERDICT
        "0800 0100", "fffffffd",  // CODE: NFT_JUMP
        "0600 0200", text("d", nulls: 3),  // CHAIN
        "0a00 0700", "00 04", text("why", nulls: 1), "0000")  // USERDATA

    /// Attributes of an element.
    private let element = hex(
        "0c00 0180", "0800 0100", "0a010202",  // KEY: VALUE
        "1800 0280", "1400 0280",  // DATA: VERDICT
        "0800 0100", "fffffffc",  // CODE: NFT_GOTO
        "0600 0200", text("c", nulls: 3),  // CHAIN
        "0a00 0600", "00 04", text("why", nulls: 1), "0000")  // USERDATA

    /// Attributes of `NFT_MSG_NEWCHAIN`.
    private let chain = hex(
        "0600 0100", text("t", nulls: 3),  // TABLE
        "0600 0300", text("c", nulls: 3),  // NAME
        "0800 0600", "00000003")  // USE

    @Test func readsRule() throws {
        let listed = try ListedRule(rule.span)
        #expect(listed.handle == 7)
        #expect(listed.comment == "why")
        #expect(listed.expressions == [.verdict(.jump(to: "d"))])
        #expect(listed.verdict == .jump(to: "d"))
        let chain = Chain(in: table, "c")
        #expect(listed.does(theSameAs: Rule(in: chain, .verdict(.jump(to: "d")), comment: "another")))
        #expect(!listed.does(theSameAs: Rule(in: chain, .verdict(.goto("d")))))
        #expect(!listed.does(theSameAs: Rule(in: chain, .masquerade(), .verdict(.jump(to: "d")))))
        #expect(!listed.does(theSameAs: Rule(in: chain)))
    }

    @Test func ruleThatCannotBeReadIsLikeNoOther() {
        let listed = ListedRule(handle: 1, comment: nil, expressionBytes: hex("0800 0180 ff00 0100"))
        #expect(listed.verdict == nil)
        #expect(!listed.does(theSameAs: Rule(in: Chain(in: table, "c"))))
    }

    @Test func readsElement() throws {
        let map = NftablesSet(in: table, "m", [.address(.v4)], to: .verdict)
        let address = try #require(IPAddress("10.1.2.2"))
        #expect(
            try NftablesSet.Element(element.span, in: map)
                == NftablesSet.Element(in: map, [.address(address)], .verdict(.goto("c")), comment: "why"))
    }

    @Test func readsElementOfConcatenations() throws {
        let map = NftablesSet(
            in: table, "m", [.inetProtocol, .mark], to: .values([.interfaceName, .etherAddress]))
        let bytes = hex(
            "1000 0180", "0c00 0100", "11000000 01020000",  // KEY: VALUE
            "2000 0280", "1c00 0100", text("eth0", nulls: 12), "020000000001 0000")  // DATA: VALUE
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        #expect(
            try NftablesSet.Element(bytes.span, in: map)
                == NftablesSet.Element(
                    in: map, [.inetProtocol(.udp), .mark(0x201)], .values([.interfaceName("eth0"), .etherAddress(mac)]))
        )
    }

    @Test func passesOverElementsThatAreNotOfTheSet() throws {
        for (keyType, dataType) in [
            ([DataType.address(.v6)], NftablesSet.MapDataType.verdict), ([.address(.v4), .mark], .verdict),
            ([.address(.v4)], .values([.mark])),
        ] {
            #expect(
                try NftablesSet.Element(element.span, in: NftablesSet(in: table, "m", keyType, to: dataType)) == nil)
        }
    }

    @Test func readsChainOfTheTableAlone() throws {
        #expect(try ListedChain(chain.span, in: table) == ListedChain(name: "c", hook: nil, useCount: 3))
        #expect(try ListedChain(chain.span, in: Table(.inet, "other")) == nil)
    }

    @Test func readsBaseChain() throws {
        let hook = hex(
            "1400 0480",  // HOOK
            "0800 0100", "00000000",  // HOOKNUM: prerouting
            "0800 0200", "ffffff9c",  // PRIORITY: dstnat
            "0800 0500", "00000000",  // POLICY: drop
            "0800 0700", text("nat", nulls: 1))  // TYPE
        var expected = Chain.Hook.destinationNAT
        expected.policy = .drop
        #expect(try ListedChain((chain + hook).span, in: table)?.hook == expected)
    }

    @Test func keepsNumberOfVerdictWithoutName() throws {
        let queue = hex("0c00 0280", "0800 0100", "00000003")  // VERDICT: CODE: NF_QUEUE
        #expect(try Verdict(data: queue.span) == .other(3))
        let jumpNowhere = hex("0c00 0280", "0800 0100", "fffffffd")  // VERDICT: CODE: NFT_JUMP
        #expect(try Verdict(data: jumpNowhere.span) == .other(-3))
        #expect(try Verdict(data: hex("0400 0280").span) == nil)  // VERDICT
    }

    /// Whatever byte is cut off or wrong, reading ends with a value or an error.
    @Test func survivesDamage() {
        let map = NftablesSet(in: table, "m", [.address(.v4)], to: .verdict)
        let other = NftablesSet(in: table, "m", [.inetService, .mark], to: .values([.inetProtocol]))
        func read(_ bytes: Span<UInt8>) {
            let rule = try? ListedRule(bytes)
            _ = rule?.expressions
            _ = try? NftablesSet.Element(bytes, in: map)
            _ = try? NftablesSet.Element(bytes, in: other)
            _ = try? ListedChain(bytes, in: table)
        }
        for message in [rule, element, chain] {
            for position in message.indices {
                read(message.span.extracting(..<position))
                for byte: UInt8 in [0, 1, 3, 4, 0x7f, 0x80, 0xff] {
                    var damaged = message
                    damaged[position] = byte
                    read(damaged.span)
                }
            }
        }
    }

    struct UserDataCase: Sendable {
        let bytes: [UInt8]
        let comment: String?
    }

    @Test(arguments: [
        UserDataCase(bytes: [], comment: nil),
        UserDataCase(bytes: [0], comment: nil),
        UserDataCase(bytes: [0, 0], comment: ""),
        UserDataCase(bytes: [0, 2, 0x61, 0], comment: "a"),
        UserDataCase(bytes: [0, 1, 0x61], comment: "a"),
        UserDataCase(bytes: [0, 3, 0x61, 0], comment: nil),
        UserDataCase(bytes: [1, 1, 9, 0, 2, 0x61, 0], comment: "a"),
        UserDataCase(bytes: [1, 255, 9, 0, 2, 0x61, 0], comment: nil),
    ])
    func readsComment(_ example: UserDataCase) throws {
        #expect(try UserData.comment(in: example.bytes.span) == example.comment)
    }
}
