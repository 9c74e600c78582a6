import Addressing
import Netlink
import Testing

@testable import Nftables

struct ExpressionTests {
    private func encoded(_ expression: Expression) -> [UInt8] {
        var message = NetlinkMessage(type: 0, flags: [], header: NetfilterHeader(family: 0, resource: 0))
        expression.encode(into: &message)
        return message.attributes
    }

    @Test func loadsNetworkProtocol() {
        #expect(
            encoded(.networkProtocol)
                == hex(
                    "2400 0180",  // LIST_ELEM
                    "0900 0100", text("meta", nulls: 4),  // NAME
                    "1400 0280",  // DATA
                    "0800 0200", "0000000f",  // KEY: NFT_META_NFPROTO
                    "0800 0100", "00000001"))  // DREG: NFT_REG_1
    }

    @Test func loadsBytesOfNetworkHeader() {
        #expect(
            encoded(.networkHeader(offset: 16, length: 4))
                == hex(
                    "3400 0180",  // LIST_ELEM
                    "0c00 0100", text("payload", nulls: 1),  // NAME
                    "2400 0280",  // DATA
                    "0800 0100", "00000001",  // DREG: NFT_REG_1
                    "0800 0200", "00000001",  // BASE: NFT_PAYLOAD_NETWORK_HEADER
                    "0800 0300", "00000010",  // OFFSET
                    "0800 0400", "00000004"))  // LEN
    }

    @Test func keepsBitsOfMask() {
        #expect(
            encoded(.mask([0xff, 0xff, 0xfe, 0]))
                == hex(
                    "4400 0180",  // LIST_ELEM
                    "0c00 0100", text("bitwise", nulls: 1),  // NAME
                    "3400 0280",  // DATA
                    "0800 0100", "00000001",  // SREG: NFT_REG_1
                    "0800 0200", "00000001",  // DREG: NFT_REG_1
                    "0800 0300", "00000004",  // LEN
                    "0c00 0480", "0800 0100", "fffffe00",  // MASK: VALUE
                    "0c00 0580", "0800 0100", "00000000"))  // XOR: VALUE
    }

    @Test(arguments: [(Expression.Comparison.equal, "00000000"), (.notEqual, "00000001")])
    func compares(_ comparison: Expression.Comparison, _ number: String) {
        #expect(
            encoded(.compare(comparison, [0x0a]))
                == hex(
                    "2c00 0180",  // LIST_ELEM
                    "0800 0100", text("cmp", nulls: 1),  // NAME
                    "2000 0280",  // DATA
                    "0800 0100", "00000001",  // SREG: NFT_REG_1
                    "0800 0200", number,  // OP
                    "0c00 0380", "0500 0100", "0a000000"))  // DATA: VALUE
    }

    @Test func takesVerdictFromMap() {
        #expect(
            encoded(.lookup(VerdictMap(in: Table(.inet, "t"), "m", .address(.v4))))
                == hex(
                    "2c00 0180",  // LIST_ELEM
                    "0b00 0100", text("lookup", nulls: 2),  // NAME
                    "1c00 0280",  // DATA
                    "0600 0100", text("m", nulls: 3),  // SET
                    "0800 0200", "00000001",  // SREG: NFT_REG_1
                    "0800 0300", "00000000"))  // DREG: NFT_REG_VERDICT
    }

    struct VerdictCase: Sendable {
        let verdict: Verdict
        let code: String
    }

    @Test(arguments: [
        VerdictCase(verdict: .drop, code: "00000000"),
        VerdictCase(verdict: .accept, code: "00000001"),
        VerdictCase(verdict: .return, code: "fffffffb"),
    ])
    func decides(_ example: VerdictCase) {
        #expect(
            encoded(.verdict(example.verdict))
                == hex(
                    "3000 0180",  // LIST_ELEM
                    "0e00 0100", text("immediate", nulls: 3),  // NAME
                    "1c00 0280",  // DATA
                    "0800 0100", "00000000",  // DREG: NFT_REG_VERDICT
                    "1000 0280", "0c00 0280",  // DATA: VERDICT
                    "0800 0100", example.code))  // CODE
    }

    @Test(arguments: [
        VerdictCase(verdict: .jump(to: "c"), code: "fffffffd"),
        VerdictCase(verdict: .goto("c"), code: "fffffffc"),
    ])
    func leadsToChain(_ example: VerdictCase) {
        #expect(
            encoded(.verdict(example.verdict))
                == hex(
                    "3800 0180",  // LIST_ELEM
                    "0e00 0100", text("immediate", nulls: 3),  // NAME
                    "2400 0280",  // DATA
                    "0800 0100", "00000000",  // DREG: NFT_REG_VERDICT
                    "1800 0280", "1400 0280",  // DATA: VERDICT
                    "0800 0100", example.code,  // CODE
                    "0600 0200", text("c", nulls: 3)))  // CHAIN
    }
}
