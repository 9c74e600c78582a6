import Addressing
import DHCP
import TestSupport
import Testing

struct DHCPMessageTests {
    private static let recorded = Array(UDPDatagramTests.recorded.dropFirst(28))

    /// A reply with these options, and what is in the fields that options may go on in.
    private static func reply(_ options: [UInt8], file: [UInt8] = [], serverName: [UInt8] = []) -> [UInt8] {
        func filled(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
            bytes + [UInt8](repeating: 0, count: count - bytes.count)
        }
        return hex("02010600 00000007 0000 0000 00000000 0a090034 00000000 00000000")
            + filled(Fixture.mac.bytes, 16) + filled(serverName, 64) + filled(file, 128) + hex("63825363") + options
    }

    @Test func readsTheReferencesMessage() throws {
        let message = try #require(DHCPMessage(Self.recorded))
        #expect(message.kind == .discover && !message.isReply && message.transaction == 0x3ad2_a708)
        #expect(message.hardwareAddress == MACAddress("46:ca:7d:80:1c:db"))
        #expect(message.options.numbers == [53, 55, 61])
        #expect(message.options[DHCPOption.requestedOptions] == [121, 3, 1])
        #expect(message.options.text(DHCPOption.clientID)?.dropFirst() == "cid1/net1/eth0")
        #expect(message.server == nil)
    }

    @Test func writesWhatTheReferenceWrites() throws {
        var message = DHCPMessage(
            .discover, isReply: false, transaction: 0x3ad2_a708,
            hardwareAddress: try #require(MACAddress("46:ca:7d:80:1c:db")))
        message.options[DHCPOption.clientID] = [0] + Array("cid1/net1/eth0".utf8)
        message.options[DHCPOption.requestedOptions] = [121, 3, 1]
        // In the order of their numbers there; nobody asks for one.
        let other = try #require(DHCPMessage(Self.recorded))
        #expect(message == other)
        #expect(message.bytes.count == 300 && message.bytes.prefix(243) == Self.recorded.prefix(243))
    }

    @Test func readsWhatItWrites() {
        var message = DHCPMessage(.offer, isReply: true, transaction: .max, hardwareAddress: Fixture.mac)
        message.seconds = 258
        message.wantsBroadcast = true
        message.clientAddress = Fixture.server
        message.yourAddress = Fixture.leased
        message.options[12] = []
        message.options[77] = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
        #expect(DHCPMessage(message.bytes) == message)
    }

    @Test func joinsWhatIsSplit() {
        let bytes = Self.reply(hex("350105 0c0161 00 0c0262 63 ff 0c0164"))
        #expect(DHCPMessage(bytes)?.options.text(12) == "abc")
    }

    @Test func readsOptionsThatGoOnInOtherFields() throws {
        let bytes = Self.reply(
            hex("350105 340103 0c0161 ff"), file: hex("0c0162 ff 0c017a"), serverName: hex("0c0163 3604 0a090001 ff"))
        let message = try #require(DHCPMessage(bytes))
        #expect(message.options.text(12) == "abc")
        #expect(message.server == Fixture.server)
    }

    @Test func leavesOtherFieldsAloneWhereTheyHaveNoOptions() {
        let bytes = Self.reply(hex("350105 ff"), file: Array("pxelinux.0".utf8), serverName: hex("0cff"))
        #expect(DHCPMessage(bytes)?.options.numbers == [53])
    }

    struct Malformed: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]

        init(_ description: String, _ bytes: [UInt8]) {
            testDescription = description
            self.bytes = bytes
        }
    }

    static let malformed = [
        Malformed("nothing", []),
        Malformed("no options", Array(reply([]).prefix(239))),
        Malformed("no operation", [3] + reply(hex("350105ff")).dropFirst()),
        Malformed("a longer hardware address", hex("020120") + reply(hex("350105ff")).dropFirst(3)),
        Malformed("another cookie", Array(reply([]).prefix(236)) + hex("63825364 350105ff")),
        Malformed("an option longer than the message", reply(hex("350105 0cff61"))),
        Malformed("an option without its length", reply(hex("350105 0c"))),
        Malformed(
            "an option longer than the file's field",
            reply(hex("350105 340101 ff"), file: [UInt8](repeating: 0, count: 126) + hex("0c05"))),
    ]

    @Test(arguments: malformed)
    func refusesWhatIsNone(message: Malformed) {
        #expect(DHCPMessage(message.bytes) == nil)
    }

    @Test func survivesEveryByteChangedAndEveryEnd() {
        let bytes = Self.reply(hex("350105 340103 0c0161 ff"), file: hex("770361c000 ff"))
        for index in bytes.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var changed = bytes
                changed[index] = value
                _ = DHCPMessage(changed).map { try? DHCPLease($0, from: Fixture.mac, at: 0).times }
                _ = DHCPMessage(Array(changed.prefix(index)))
            }
        }
    }

    @Test(arguments: [
        ("host-name", 12 as UInt8?), ("12", 12), ("dhcp-client-identifier", 61), ("subnet-mask", 1), ("routers", 3),
        ("user-class", 77), ("vendor-class-identifier", 60), ("254", 254), ("0", nil), ("255", nil), ("256", nil),
        ("-1", nil), ("doNotparseMe", nil), ("", nil),
    ])
    func knowsOptionsByNameAndNumber(text: String, number: UInt8?) {
        #expect(DHCPOption.number(named: text) == number)
    }
}
