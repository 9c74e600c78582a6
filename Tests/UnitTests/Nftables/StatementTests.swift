import Addressing
import Testing

@testable import Nftables

struct StatementTests {
    @Test func comparesDestinationOfItsFamilyAlone() throws {
        let v4 = try #require(CIDR("10.1.2.0/24"))
        #expect(
            Statement.destinationAddress(in: v4).expressions == [
                .networkProtocol, .compare(.equal, [2]),
                .networkHeader(offset: 16, length: 4), .mask([0xff, 0xff, 0xff, 0]), .compare(.equal, [10, 1, 2, 0]),
            ])
        let v6 = try #require(CIDR("ff00::/8"))
        #expect(
            Statement.destinationAddress(in: v6, negated: true).expressions == [
                .networkProtocol, .compare(.equal, [10]),
                .networkHeader(offset: 24, length: 16), .mask(hex("ff", text("", nulls: 15))),
                .compare(.notEqual, hex("ff", text("", nulls: 15))),
            ])
    }

    @Test func comparesSingleAddressAsItIs() throws {
        let address = try #require(CIDR("10.1.2.3/32"))
        #expect(
            Statement.sourceAddress(in: address).expressions == [
                .networkProtocol, .compare(.equal, [2]),
                .networkHeader(offset: 12, length: 4), .compare(.equal, [10, 1, 2, 3]),
            ])
    }

    @Test func looksSourceUpInMapOfItsFamily() {
        let map = VerdictMap(in: Table(.inet, "t"), "m", .address(.v6))
        #expect(
            Statement.sourceAddressVerdict(.v6, from: map).expressions == [
                .networkProtocol, .compare(.equal, [10]), .networkHeader(offset: 8, length: 16), .lookup(map),
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
        MaskCase(prefixLength: 8, mask: [0xff, 0, 0, 0]),
        MaskCase(prefixLength: 9, mask: [0xff, 0x80, 0, 0]),
        MaskCase(prefixLength: 31, mask: [0xff, 0xff, 0xff, 0xfe]),
    ])
    func masksPrefix(_ example: MaskCase) throws {
        let network = try #require(CIDR(containing: .any(.v4), prefixLength: example.prefixLength))
        #expect(Statement.sourceAddress(in: network).expressions.contains(.mask(example.mask)))
    }
}
