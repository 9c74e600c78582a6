import Addressing
import Netlink
import TestSupport
import Testing

@testable import Nftables

struct NftablesTransactionTests {
    private let table = Table(.inet, "t")
    private var chain: Chain { Chain(in: table, "c") }
    private var map: NftablesSet { NftablesSet(in: table, "m", [.address(.v4)], to: .verdict) }

    private func message(_ change: (inout NftablesTransaction) -> Void) -> NetlinkMessage {
        var transaction = NftablesTransaction()
        change(&transaction)
        return transaction.requests[0].message
    }

    @Test func createsTable() {
        let message = message { $0.ensure(Table(.inet, "t", comment: "why")) }
        #expect(
            message.bytes
                == hex(
                    "28000000", "000a", "0104", "00000000", "00000000",  // length, NEWTABLE, REQUEST CREATE, number
                    "01", "00", "0000",  // NFPROTO_INET, NFNETLINK_V0, resource
                    "0600 0100", text("t", nulls: 3),  // NAME
                    "0a00 0600", "00 04", text("why", nulls: 1), "0000"))  // USERDATA: comment, its length
    }

    @Test func deletesTableUnlessItHoldsAnything() {
        let message = message { $0.deleteIfEmpty(table) }
        #expect(
            message.bytes
                == hex(
                    "1c000000", "020a", "0101", "00000000", "00000000",  // DELTABLE, REQUEST NONREC
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3)))  // NAME
    }

    @Test func createsBaseChain() {
        let message = message { $0.ensure(Chain(in: table, "c", hook: .sourceNAT)) }
        #expect(
            message.bytes
                == hex(
                    "48000000", "030a", "0104", "00000000", "00000000",  // NEWCHAIN, REQUEST CREATE
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0300", text("c", nulls: 3),  // NAME
                    "1400 0480",  // HOOK
                    "0800 0100", "00000004",  // HOOKNUM: postrouting
                    "0800 0200", "00000064",  // PRIORITY: srcnat
                    "0800 0500", "00000001",  // POLICY: accept
                    "0800 0700", text("nat", nulls: 1)))  // TYPE
    }

    @Test func createsChainThatOnlyVerdictsLeadTo() {
        let message = message { $0.ensure(Chain(in: table, "c", comment: "why")) }
        #expect(
            message.attributes
                == hex(
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0300", text("c", nulls: 3),  // NAME
                    "0a00 0c00", "00 04", text("why", nulls: 1), "0000"))  // USERDATA
    }

    @Test func flushesChainByDeletingItsRules() {
        let message = message { $0.flush(chain) }
        #expect(
            message.bytes
                == hex(
                    "24000000", "080a", "0100", "00000000", "00000000",  // DELRULE, REQUEST
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("c", nulls: 3)))  // CHAIN
    }

    @Test func deletesRuleByItsHandle() {
        let rule = ListedRule(handle: 0x0102_0304_0506_0708, comment: nil, expressionBytes: [])
        let message = message { $0.delete(rule, in: chain) }
        #expect(
            message.attributes
                == hex(
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("c", nulls: 3),  // CHAIN
                    "0c00 0300", "0102030405060708"))  // HANDLE
    }

    @Test func deletesChain() {
        let message = message { $0.delete(chain) }
        #expect(
            message.bytes
                == hex(
                    "24000000", "050a", "0100", "00000000", "00000000",  // DELCHAIN, REQUEST
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0300", text("c", nulls: 3)))  // NAME
    }

    @Test func createsMap() {
        let message = message { $0.ensure(NftablesSet(in: table, "m", [.address(.v6)], to: .verdict)) }
        #expect(
            message.bytes
                == hex(
                    "60000000", "090a", "0104", "00000000", "00000000",  // NEWSET, REQUEST CREATE
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("m", nulls: 3),  // NAME
                    "0800 0300", "00000008",  // FLAGS: NFT_SET_MAP
                    "0800 0400", "00000008",  // KEY_TYPE: ipv6_addr
                    "0800 0500", "00000010",  // KEY_LEN
                    "0800 0600", "ffffff00",  // DATA_TYPE: NFT_DATA_VERDICT
                    "0800 0700", "00000000",  // DATA_LEN
                    "0800 0a00", "00000001",  // ID
                    "0a00 0d00", "00 04 02000000", "0000"))  // USERDATA: byte order of keys
    }

    @Test func createsSetOfConcatenations() {
        let message = message {
            $0.ensure(NftablesSet(in: table, "s", [.interfaceName, .inetService], comment: "why"))
        }
        #expect(
            message.attributes
                == hex(
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("s", nulls: 3),  // NAME
                    "0800 0300", "00000000",  // FLAGS
                    "0800 0400", "00000a4d",  // KEY_TYPE: ifname . inet_service
                    "0800 0500", "00000014",  // KEY_LEN
                    "0800 0a00", "00000001",  // ID
                    "1000 0d00", "00 04 00000000", "07 04", text("why", nulls: 1)))  // USERDATA: byte order, comment
    }

    @Test func createsMapWithData() {
        let map = NftablesSet(
            in: table, "m", [.inetProtocol, .address(.v4), .inetService], to: .values([.address(.v4), .inetService]))
        let message = message { $0.ensure(map) }
        #expect(
            message.attributes
                == hex(
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("m", nulls: 3),  // NAME
                    "0800 0300", "00000008",  // FLAGS: NFT_SET_MAP
                    "0800 0400", "0000c1cd",  // KEY_TYPE: inet_proto . ipv4_addr . inet_service
                    "0800 0500", "0000000c",  // KEY_LEN
                    "0800 0600", "000001cd",  // DATA_TYPE: ipv4_addr . inet_service
                    "0800 0700", "00000008",  // DATA_LEN
                    "0800 0a00", "00000001",  // ID
                    "1000 0d00", "00 04 00000000", "01 04 00000000"))  // USERDATA: byte orders
    }

    @Test func givesEachMapItsOwnIdentifier() {
        var transaction = NftablesTransaction()
        transaction.ensure(NftablesSet(in: table, "m", [.address(.v4)], to: .verdict))
        transaction.ensure(NftablesSet(in: table, "n", [.address(.v6)], to: .verdict))
        let identifiers = transaction.requests.map { Array($0.message.bytes.dropLast(12).suffix(4)) }
        #expect(identifiers == [hex("00000001"), hex("00000002")])
    }

    @Test func deletesMap() {
        let message = message { $0.delete(map) }
        #expect(
            message.bytes
                == hex(
                    "24000000", "0b0a", "0100", "00000000", "00000000",  // DELSET, REQUEST
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("m", nulls: 3)))  // NAME
    }

    @Test func addsElement() throws {
        let address = try #require(IPAddress("10.1.2.2"))
        let message = message {
            $0.add(NftablesSet.Element(in: map, [.address(address)], .verdict(.goto("c")), comment: "why"))
        }
        #expect(
            message.bytes
                == hex(
                    "5c000000", "0c0a", "0106", "00000000", "00000000",  // NEWSETELEM, REQUEST CREATE EXCL
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("m", nulls: 3),  // SET
                    "3800 0380", "3400 0180",  // ELEMENTS, LIST_ELEM
                    "0c00 0180", "0800 0100", "0a010202",  // KEY: VALUE
                    "1800 0280", "1400 0280",  // DATA: VERDICT
                    "0800 0100", "fffffffc",  // CODE: NFT_GOTO
                    "0600 0200", text("c", nulls: 3),  // CHAIN
                    "0a00 0600", "00 04", text("why", nulls: 1), "0000"))  // USERDATA
    }

    @Test func addsElementOfConcatenations() throws {
        let map = NftablesSet(
            in: table, "m", [.inetProtocol, .inetService], to: .values([.address(.v4), .inetService]))
        let address = try #require(IPAddress("10.1.2.2"))
        let element = NftablesSet.Element(
            in: map, [.inetProtocol(.tcp), .inetService(80)], .values([.address(address), .inetService(8080)]))
        #expect(
            message { $0.add(element) }.attributes
                == hex(
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("m", nulls: 3),  // SET
                    "2800 0380", "2400 0180",  // ELEMENTS, LIST_ELEM
                    "1000 0180", "0c00 0100", "06000000 00500000",  // KEY: VALUE
                    "1000 0280", "0c00 0100", "0a010202 1f900000"))  // DATA: VALUE
    }

    @Test func deletesElementByItsAddress() throws {
        let address = try #require(IPAddress("10.1.2.2"))
        let message = message {
            $0.delete(NftablesSet.Element(in: map, [.address(address)], .verdict(.goto("c")), comment: "why"))
        }
        #expect(
            message.bytes
                == hex(
                    "38000000", "0e0a", "0100", "00000000", "00000000",  // DELSETELEM, REQUEST
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("m", nulls: 3),  // SET
                    "1400 0380", "1000 0180",  // ELEMENTS, LIST_ELEM
                    "0c00 0180", "0800 0100", "0a010202"))  // KEY: VALUE
    }

    @Test func addsRuleBehindOthers() {
        let message = message { $0.add(Rule(in: chain, .masquerade(), comment: "why")) }
        #expect(
            message.bytes
                == hex(
                    "48000000", "060a", "010c", "00000000", "00000000",  // NEWRULE, REQUEST CREATE APPEND
                    "01", "00", "0000",
                    "0600 0100", text("t", nulls: 3),  // TABLE
                    "0600 0200", text("c", nulls: 3),  // CHAIN
                    "1800 0480", "1400 0180",  // EXPRESSIONS, LIST_ELEM
                    "0900 0100", text("masq", nulls: 4),  // NAME
                    "0400 0280",  // DATA
                    "0a00 0700", "00 04", text("why", nulls: 1), "0000"))  // USERDATA
    }

    @Test func bindsBatchToGeneration() {
        #expect(
            NetlinkMessage.batchBegin(generation: 0x0102_0304).bytes
                == hex(
                    "1c000000", "1000", "0100", "00000000", "00000000",  // BATCH_BEGIN, REQUEST
                    "00", "00", "000a",  // AF_UNSPEC, NFNETLINK_V0, NFNL_SUBSYS_NFTABLES
                    "0800 0100", "01020304"))  // GENID
        #expect(NetlinkMessage.batchBegin(generation: nil).attributes == [])
        #expect(
            NetlinkMessage.batchEnd.bytes
                == hex(
                    "14000000", "1100", "0100", "00000000", "00000000",  // BATCH_END, REQUEST
                    "00", "00", "000a"))
    }

    @Test func cutsCommentThatNftWouldNotRead() {
        let data = UserData.comment(String(repeating: "é", count: 100))
        #expect(data.count == 2 + 128 + 1)
        #expect(data.prefix(2) == [0, 129])
        #expect(data.last == 0)
    }
}
