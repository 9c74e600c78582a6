import Addressing
import TestSupport
import Testing

@testable import Nftables

struct StatementTests {
    private func expressions(_ family: TableFamily = .inet, _ statements: Statement...) -> [Expression] {
        var rule = Rule(in: Chain(in: Table(family, "t"), "c"))
        rule.statements = statements
        return rule.expressions
    }

    @Test func comparesDestinationOfItsFamilyAlone() throws {
        let v4 = try #require(CIDR("10.1.2.0/23"))
        #expect(
            expressions(.inet, .destinationAddress(in: v4)) == [
                .load(.networkProtocol), .isEqual(to: [2]),
                .load(.network(offset: 16, count: 4)), .mask([0xff, 0xff, 0xfe, 0]), .isEqual(to: [10, 1, 2, 0]),
            ])
        let v6 = try #require(CIDR("ff80::/9"))
        #expect(
            expressions(.inet, .destinationAddress(in: v6, negated: true)) == [
                .load(.networkProtocol), .isEqual(to: [10]),
                .load(.network(offset: 24, count: 16)), .mask(hex("ff80", text("", nulls: 14))),
                .isDifferent(from: hex("ff80", text("", nulls: 14))),
            ])
    }

    @Test func comparesWholeBytesAlone() throws {
        let networks: [(String, [UInt8])] = [
            ("10.1.2.3/32", [10, 1, 2, 3]), ("10.1.2.0/24", [10, 1, 2]), ("10.0.0.0/8", [10]),
        ]
        for (network, bytes) in networks {
            #expect(
                try expressions(.inet, .sourceAddress(in: #require(CIDR(network)))) == [
                    .load(.networkProtocol), .isEqual(to: [2]),
                    .load(.network(offset: 12, count: UInt32(bytes.count))), .isEqual(to: bytes),
                ])
        }
    }

    @Test func looksUpWhereAPacketComesFromByTheNetwork() {
        let table = Table(.inet, "t")
        let set = NftablesSet(in: table, "s", [.address(.v4), .inetProtocol])
        #expect(
            expressions(.inet, .match([.sourceNetwork(.v4, prefixLength: 20), .transportProtocol], in: set)) == [
                .load(.networkProtocol), .isEqual(to: [2]),
                .load(.network(offset: 12, count: 4)), .mask([0xff, 0xff, 0xf0, 0]),
                .load(.transportProtocol, into: Register(word: 1)), .isMember(of: set),
            ])
        let hosts = NftablesSet(in: table, "s", [.address(.v6)])
        #expect(
            expressions(.inet, .match([.sourceNetwork(.v6, prefixLength: 128)], in: hosts))
                == expressions(.inet, .match([.sourceAddress(.v6)], in: hosts)))
    }

    @Test func makesSureOfTheProtocolOnce() throws {
        let network = try #require(CIDR("10.0.0.0/8"))
        let v6 = try #require(CIDR("fd00::/8"))
        let both: [Statement] = [.sourceAddress(in: network), .destinationAddress(in: network, negated: true)]
        let compared: [Expression] = [
            .load(.network(offset: 12, count: 1)), .isEqual(to: [10]),
            .load(.network(offset: 16, count: 1)), .isDifferent(from: [10]),
        ]
        #expect(expressions(.inet, both[0], both[1]) == [.load(.networkProtocol), .isEqual(to: [2])] + compared)
        #expect(expressions(.bridge, both[0], both[1]) == [.load(.etherType), .isEqual(to: [8, 0])] + compared)
        // Nothing else comes to such a table.
        #expect(expressions(.ipv4, both[0], both[1]) == compared)
        #expect(expressions(.ipv4, .sourceAddress(in: v6)).prefix(2) == [.load(.networkProtocol), .isEqual(to: [10])])
        #expect(
            expressions(.bridge, .sourceAddress(in: v6)).prefix(2) == [.load(.etherType), .isEqual(to: [0x86, 0xdd])])
    }

    @Test func looksSourceUpInMapOfItsFamily() {
        let map = NftablesSet(in: Table(.inet, "t"), "m", [.address(.v6)], to: .verdict)
        #expect(
            expressions(.inet, .verdict(of: [.sourceAddress(.v6)], from: map)) == [
                .load(.networkProtocol), .isEqual(to: [10]), .load(.network(offset: 8, count: 16)),
                .lookUp(in: map, into: .verdict),
            ])
    }

    struct MaskCase: Sendable {
        let prefixLength: Int
        let mask: [UInt8]
    }

    @Test(arguments: [
        MaskCase(prefixLength: 0, mask: [0, 0, 0, 0]),
        MaskCase(prefixLength: 1, mask: [0x80, 0, 0, 0]),
        MaskCase(prefixLength: 7, mask: [0xfe, 0, 0, 0]),
        MaskCase(prefixLength: 9, mask: [0xff, 0x80, 0, 0]),
        MaskCase(prefixLength: 31, mask: [0xff, 0xff, 0xff, 0xfe]),
    ])
    func masksPrefix(_ example: MaskCase) throws {
        let network = try #require(CIDR(containing: .any(.v4), prefixLength: example.prefixLength))
        #expect(expressions(.inet, .sourceAddress(in: network)).contains(.mask(example.mask)))
    }
}
