import LinuxSystem
import Netlink
import TestSupport
import Testing

@testable import Nftables

struct ExpressionTests {
    private static let map = NftablesSet(in: Table(.inet, "t"), "m", [.address(.v4)], to: .verdict)

    struct ExpressionCase: Sendable {
        let expression: Expression
        /// The element of `NFTA_RULE_EXPRESSIONS`, behind its own length and type.
        let element: [UInt8]
    }

    private static let cases = [
        ExpressionCase(
            expression: .load(.networkProtocol),
            element: hex(
                "0900 0100", text("meta", nulls: 4),  // NAME
                "1400 0280",  // DATA
                "0800 0100", "00000001",  // DREG: NFT_REG_1
                "0800 0200", "0000000f")),  // KEY: NFT_META_NFPROTO
        ExpressionCase(
            expression: .load(.network(offset: 16, count: 4), into: Register(word: 1)),
            element: hex(
                "0c00 0100", text("payload", nulls: 1),  // NAME
                "2400 0280",  // DATA
                "0800 0100", "00000009",  // DREG: NFT_REG32_01
                "0800 0200", "00000001",  // BASE: NFT_PAYLOAD_NETWORK_HEADER
                "0800 0300", "00000010",  // OFFSET
                "0800 0400", "00000004")),  // LEN
        ExpressionCase(
            expression: .mask([0xff, 0xff, 0xfe, 0]),
            element: hex(
                "0c00 0100", text("bitwise", nulls: 1),  // NAME
                "3400 0280",  // DATA
                "0800 0100", "00000001",  // SREG: NFT_REG_1
                "0800 0200", "00000001",  // DREG: NFT_REG_1
                "0800 0300", "00000004",  // LEN
                "0c00 0480", "0800 0100", "fffffe00",  // MASK: VALUE
                "0c00 0580", "0800 0100", "00000000")),  // XOR: VALUE
        ExpressionCase(
            expression: .isEqual(to: [0x0a]),
            element: hex(
                "0800 0100", text("cmp", nulls: 1),  // NAME
                "2000 0280",  // DATA
                "0800 0100", "00000001",  // SREG: NFT_REG_1
                "0800 0200", "00000000",  // OP: NFT_CMP_EQ
                "0c00 0380", "0500 0100", "0a000000")),  // DATA: VALUE
        ExpressionCase(
            expression: .isDifferent(from: [0, 0]),
            element: hex(
                "0800 0100", text("cmp", nulls: 1),  // NAME
                "2000 0280",  // DATA
                "0800 0100", "00000001",  // SREG: NFT_REG_1
                "0800 0200", "00000001",  // OP: NFT_CMP_NEQ
                "0c00 0380", "0600 0100", "00000000")),  // DATA: VALUE
        ExpressionCase(
            expression: .lookUp(in: map, into: .verdict),
            element: hex(
                "0b00 0100", text("lookup", nulls: 2),  // NAME
                "1c00 0280",  // DATA
                "0600 0100", text("m", nulls: 3),  // SET
                "0800 0200", "00000001",  // SREG: NFT_REG_1
                "0800 0300", "00000000")),  // DREG: NFT_REG_VERDICT
        ExpressionCase(
            expression: .isMember(of: map),
            element: hex(
                "0b00 0100", text("lookup", nulls: 2),  // NAME
                "1400 0280",  // DATA
                "0600 0100", text("m", nulls: 3),  // SET
                "0800 0200", "00000001")),  // SREG: NFT_REG_1
        ExpressionCase(
            expression: .isMember(of: map, negated: true),
            element: hex(
                "0b00 0100", text("lookup", nulls: 2),  // NAME
                "1c00 0280",  // DATA
                "0600 0100", text("m", nulls: 3),  // SET
                "0800 0200", "00000001",  // SREG: NFT_REG_1
                "0800 0500", "00000001")),  // FLAGS: NFT_LOOKUP_F_INV
        ExpressionCase(
            expression: .set(.mark as MetaKey),
            element: hex(
                "0900 0100", text("meta", nulls: 4),  // NAME
                "1400 0280",  // DATA
                "0800 0200", "00000003",  // KEY: NFT_META_MARK
                "0800 0300", "00000001")),  // SREG: NFT_REG_1
        ExpressionCase(
            expression: .load(.state),
            element: hex(
                "0700 0100", text("ct", nulls: 2),  // NAME
                "1400 0280",  // DATA
                "0800 0100", "00000001",  // DREG: NFT_REG_1
                "0800 0200", "00000000")),  // KEY: NFT_CT_STATE
        ExpressionCase(
            expression: .load(.originalDestinationPort, into: Register(word: 2)),
            element: hex(
                "0700 0100", text("ct", nulls: 2),  // NAME
                "1c00 0280",  // DATA
                "0800 0100", "0000000a",  // DREG: NFT_REG32_02
                "0800 0200", "0000000c",  // KEY: NFT_CT_PROTO_DST
                "0500 0300", "00000000")),  // DIRECTION: original
        ExpressionCase(
            expression: .immediate([10, 1, 2, 3]),
            element: hex(
                "0e00 0100", text("immediate", nulls: 3),  // NAME
                "1800 0280",  // DATA
                "0800 0100", "00000001",  // DREG: NFT_REG_1
                "0c00 0280", "0800 0100", "0a010203")),  // DATA: VALUE
        ExpressionCase(
            expression: .destinationNAT(.v4, to: .first, port: Register(word: 1)),
            element: hex(
                "0800 0100", text("nat", nulls: 1),  // NAME
                "3c00 0280",  // DATA
                "0800 0100", "00000001",  // TYPE: NFT_NAT_DNAT
                "0800 0200", "00000002",  // FAMILY: NFPROTO_IPV4
                "0800 0300", "00000001",  // REG_ADDR_MIN: NFT_REG_1
                "0800 0400", "00000001",  // REG_ADDR_MAX: NFT_REG_1
                "0800 0500", "00000009",  // REG_PROTO_MIN: NFT_REG32_01
                "0800 0600", "00000009",  // REG_PROTO_MAX: NFT_REG32_01
                "0800 0700", "00000003")),  // FLAGS: MAP_IPS, PROTO_SPECIFIED
        ExpressionCase(
            expression: .sourceNAT(.v6, to: .first),
            element: hex(
                "0800 0100", text("nat", nulls: 1),  // NAME
                "2c00 0280",  // DATA
                "0800 0100", "00000000",  // TYPE: NFT_NAT_SNAT
                "0800 0200", "0000000a",  // FAMILY: NFPROTO_IPV6
                "0800 0300", "00000001",  // REG_ADDR_MIN: NFT_REG_1
                "0800 0400", "00000001",  // REG_ADDR_MAX: NFT_REG_1
                "0800 0700", "00000001")),  // FLAGS: MAP_IPS
        ExpressionCase(
            expression: .redirect(toPort: .first),
            element: hex(
                "0a00 0100", text("redir", nulls: 1), "0000",  // NAME
                "1c00 0280",  // DATA
                "0800 0100", "00000001",  // REG_PROTO_MIN: NFT_REG_1
                "0800 0200", "00000001",  // REG_PROTO_MAX: NFT_REG_1
                "0800 0300", "00000002")),  // FLAGS: PROTO_SPECIFIED
        ExpressionCase(
            expression: .loadDestinationType(),
            element: hex(
                "0800 0100", text("fib", nulls: 1),  // NAME
                "1c00 0280",  // DATA
                "0800 0100", "00000001",  // DREG: NFT_REG_1
                "0800 0200", "00000003",  // RESULT: NFT_FIB_RESULT_ADDRTYPE
                "0800 0300", "00000002")),  // FLAGS: NFTA_FIB_F_DADDR
        ExpressionCase(
            expression: .counter,
            element: hex(
                "0c00 0100", text("counter", nulls: 1),  // NAME
                "0400 0280")),  // DATA
        ExpressionCase(
            expression: .masquerade(.fullyRandom),
            element: hex(
                "0900 0100", text("masq", nulls: 4),  // NAME
                "0c00 0280",  // DATA
                "0800 0100", "00000010")),  // FLAGS: PROTO_RANDOM_FULLY
        ExpressionCase(
            expression: .masquerade([]),
            element: hex(
                "0900 0100", text("masq", nulls: 4),  // NAME
                "0400 0280")),  // DATA
        verdict(.drop, "00000000"),
        verdict(.accept, "00000001"),
        verdict(.return, "fffffffb"),
        verdictWithChain(.jump(to: "c"), "fffffffd"),
        verdictWithChain(.goto("c"), "fffffffc"),
    ]

    @Test(arguments: cases)
    func isReadAsItIsWritten(_ example: ExpressionCase) throws {
        var message = NetlinkMessage(type: 0, flags: [], header: NetfilterHeader(family: 0, resource: 0))
        example.expression.encode(into: &message)
        #expect(Array(message.attributes.dropFirst(4)) == example.element)
        #expect(try Expression(example.element.span) == example.expression)
    }

    /// Whatever byte is cut off or wrong, reading ends with a value or an error.
    @Test func survivesDamage() {
        for element in Self.cases.map(\.element) {
            for position in element.indices {
                _ = try? Expression(element.span.extracting(..<position))
                for byte: UInt8 in [0, 1, 3, 4, 0x7f, 0x80, 0xff] {
                    var damaged = element
                    damaged[position] = byte
                    _ = try? Expression(damaged.span)
                }
            }
        }
    }

    private static func verdict(_ verdict: Verdict, _ code: String) -> ExpressionCase {
        ExpressionCase(
            expression: .verdict(verdict),
            element: hex(
                "0e00 0100", text("immediate", nulls: 3),  // NAME
                "1c00 0280",  // DATA
                "0800 0100", "00000000",  // DREG: NFT_REG_VERDICT
                "1000 0280", "0c00 0280",  // DATA: VERDICT
                "0800 0100", code))  // CODE
    }

    private static func verdictWithChain(_ verdict: Verdict, _ code: String) -> ExpressionCase {
        ExpressionCase(
            expression: .verdict(verdict),
            element: hex(
                "0e00 0100", text("immediate", nulls: 3),  // NAME
                "2400 0280",  // DATA
                "0800 0100", "00000000",  // DREG: NFT_REG_VERDICT
                "1800 0280", "1400 0280",  // DATA: VERDICT
                "0800 0100", code,  // CODE
                "0600 0200", text("c", nulls: 3)))  // CHAIN
    }

    @Test func namesRegistersAsTheKernelListsThem() {
        #expect((0..<9).map { Register(word: $0).number } == [1, 9, 10, 11, 2, 13, 14, 15, 3])
    }

    // MARK: What kernels list

    @Test func whatIsUnknownButZeroMakesNoDifference() throws {
        func listed(_ unknown: String) throws -> Expression {
            try Expression(
                hex(
                    "0900 0100", text("meta", nulls: 4),  // NAME
                    "1c00 0280",  // DATA
                    "0800 0100", "00000001",  // DREG
                    "0800 0200", "0000000f",  // KEY
                    unknown
                ).span)
        }
        #expect(try listed("0800 6300 00000000") == .load(.networkProtocol))
        #expect(try listed("0800 6300 00000001") != .load(.networkProtocol))
        #expect(try listed("0800 6300 00000001") != listed("0800 6300 00000002"))
        #expect(try listed("0400 6300 0400 6400") != .load(.networkProtocol))
    }

    /// The kernel lists the flags of every lookup.
    @Test func flagsThatAreZeroMakeNoDifference() throws {
        let listed = hex(
            "0b00 0100", text("lookup", nulls: 2),  // NAME
            "1c00 0280",  // DATA
            "0600 0100", text("m", nulls: 3),  // SET
            "0800 0200", "00000001",  // SREG
            "0800 0500", "00000000")  // FLAGS
        #expect(try Expression(listed.span) == .isMember(of: Self.map))
    }

    @Test func whatHasBeenCountedMakesNoDifference() throws {
        let listed = hex(
            "0c00 0100", text("counter", nulls: 1),  // NAME
            "1c00 0280",  // DATA
            "0c00 0100", "0000000000000054",  // BYTES
            "0c00 0200", "0000000000000001")  // PACKETS
        #expect(try Expression(listed.span) == .counter)
    }

    @Test func unknownOnesDifferByWhatTheySay() throws {
        func quota(_ bytes: String) throws -> Expression {
            try Expression(hex("0a00 0100", text("quota", nulls: 3), "1000 0280", "0c00 0100", bytes).span)
        }
        #expect(try quota("0000000000000001") == quota("0000000000000001"))
        #expect(try quota("0000000000000001") != quota("0000000000000002"))
        #expect(try quota("0000000000000001").verdict == nil)
    }
}
