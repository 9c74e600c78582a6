import Addressing
import LinuxSystem
import TestSupport
import Testing

@testable import Nftables

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct NftablesSetTests {
    struct SetCase: Sendable {
        let keyType: [DataType]
        var dataType: NftablesSet.MapDataType?
        let key: [DataValue]
        var data: NftablesSet.MapData?
        /// In nft(8)'s words.
        let type: String
        let element: String
    }

    private static let v4 = IPAddress("10.1.2.3") ?? .any(.v4)
    private static let v6 = IPAddress("fd00::1") ?? .any(.v6)
    private static let mac = MACAddress("02:00:00:00:00:01") ?? .zero

    private static let sets = [
        SetCase(keyType: [.address(.v4)], key: [.address(v4)], type: "ipv4_addr", element: "10.1.2.3"),
        SetCase(keyType: [.address(.v6)], key: [.address(v6)], type: "ipv6_addr", element: "fd00::1"),
        SetCase(
            keyType: [.etherAddress], key: [.etherAddress(mac)], type: "ether_addr", element: "02:00:00:00:00:01"),
        SetCase(keyType: [.inetProtocol], key: [.inetProtocol(.udp)], type: "inet_proto", element: "udp"),
        SetCase(keyType: [.inetService], key: [.inetService(8080)], type: "inet_service", element: "8080"),
        SetCase(keyType: [.mark], key: [.mark(0x2000)], type: "mark", element: "0x00002000"),
        SetCase(keyType: [.interfaceName], key: [.interfaceName("cni0")], type: "ifname", element: #""cni0""#),
        SetCase(
            keyType: [.address(.v4), .address(.v4)], key: [.address(v4), .address(v4)], type: "ipv4_addr . ipv4_addr",
            element: "10.1.2.3 . 10.1.2.3"),
        SetCase(
            keyType: [.interfaceName, .mark, .etherAddress, .inetProtocol],
            key: [.interfaceName("cni0"), .mark(1), .etherAddress(mac), .inetProtocol(.sctp)],
            type: "ifname . mark . ether_addr . inet_proto",
            element: #""cni0" . 0x00000001 . 02:00:00:00:00:01 . sctp"#),
    ]

    private static let maps = [
        SetCase(
            keyType: [.address(.v4), .inetService], dataType: .verdict, key: [.address(v4), .inetService(80)],
            data: .verdict(.accept), type: "ipv4_addr . inet_service : verdict", element: "10.1.2.3 . 80 : accept"),
        SetCase(
            keyType: [.inetProtocol, .address(.v4), .inetService], dataType: .values([.address(.v4), .inetService]),
            key: [.inetProtocol(.tcp), .address(v4), .inetService(80)],
            data: .values([.address(v4), .inetService(8080)]),
            type: "inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service",
            element: "tcp . 10.1.2.3 . 80 : 10.1.2.3 . 8080"),
        SetCase(
            keyType: [.inetProtocol, .inetService], dataType: .values([.address(.v6), .inetService]),
            key: [.inetProtocol(.udp), .inetService(80)], data: .values([.address(v6), .inetService(8080)]),
            type: "inet_proto . inet_service : ipv6_addr . inet_service", element: "udp . 80 : fd00::1 . 8080"),
        SetCase(
            keyType: [.address(.v4)], dataType: .values([.mark]), key: [.address(v4)], data: .values([.mark(0x2000)]),
            type: "ipv4_addr : mark", element: "10.1.2.3 : 0x00002000"),
        SetCase(
            keyType: [.mark], dataType: .values([.inetService]), key: [.mark(1)], data: .values([.inetService(80)]),
            type: "mark : inet_service", element: "0x00000001 : 80"),
    ]

    /// nft reads our set as it was meant, and we read what nft makes of its own words.
    @Test(arguments: sets + maps)
    func isWhatNftMakesOfItsWords(_ example: SetCase) throws {
        let ours = try NetworkNamespace.make()
        let theirs = try NetworkNamespace.make()
        var our = try NftablesSocket(in: ours)
        var their = try NftablesSocket(in: theirs)
        let set = NftablesSet(
            in: Table(.inet, "t"), "s", example.keyType, to: example.dataType, comment: "a comment")
        let element = NftablesSet.Element(in: set, example.key, example.data, comment: "whose it is")
        var transaction = NftablesTransaction()
        transaction.ensure(set.table)
        transaction.ensure(set)
        transaction.add(element)
        try our.commit(transaction)

        let (key, data) = (
            example.element.split(separator: " : ")[0], example.element.split(separator: " : ").dropFirst()
        )
        let shown = ["\(key) comment \"whose it is\""] + data.map(String.init)
        let ruleset = """
            table inet t {
            \t\(set.word) s {
            \t\ttype \(example.type)
            \t\tcomment "a comment"
            \t\telements = { \(shown.joined(separator: " : ")) }
            \t}
            }

            """
        #expect(try ours.ruleset() == ruleset)
        try theirs.shell("nft -f -", input: ruleset)
        #expect(try ours.rulesetJSON() == theirs.rulesetJSON())
        #expect(try our.elements(of: set) == [element])
        #expect(try their.elements(of: set) == [element])
        #expect(try their.element(for: example.key, in: set) == element)

        // What is there with this type is taken for ours.
        transaction = NftablesTransaction()
        transaction.ensure(set)
        transaction.delete(element)
        try their.commit(transaction)
        #expect(try their.elements(of: set) == [])
        #expect(try their.element(for: example.key, in: set) == nil)
    }

    @Test func refusesToTakeASetOfAnotherTypeForItsOwn() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft add table inet t; nft add set inet t s '{ type ipv4_addr . inet_service; }'")
        var socket = try NftablesSocket(in: host)
        var transaction = NftablesTransaction()
        transaction.ensure(NftablesSet(in: Table(.inet, "t"), "s", [.address(.v4), .mark]))
        let error = #expect(throws: SystemError.self) { try socket.commit(transaction) }
        #expect(error?.description.hasPrefix("create set inet t s: ") == true, "\(String(describing: error))")
    }

    @Test func namesElementInErrors() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let set = NftablesSet(in: Table(.inet, "t"), "s", [.inetProtocol, .address(.v6), .inetService, .mark])
        let element = NftablesSet.Element(
            in: set, [.inetProtocol(.tcp), .address(Self.v6), .inetService(80), .mark(255)])
        var transaction = NftablesTransaction()
        transaction.ensure(set.table)
        transaction.ensure(set)
        transaction.delete(element)
        let error = #expect(throws: SystemError.self) { try socket.commit(transaction) }
        #expect(
            error?.description
                == "delete element tcp . fd00::1 . 80 . 0xff from inet t s: No such file or directory")
    }

    /// More than fits into a send buffer, in one transaction; what is not read of a dump disturbs nothing that follows.
    @Test func seesThatThereAreOthersWithoutReadingAll() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let table = Table(.inet, "t")
        let set = NftablesSet(in: table, "s", [.inetService])
        let comment = String(repeating: "x", count: 100)
        let elements = (0..<3000).map { NftablesSet.Element(in: set, [.inetService($0)], comment: comment) }
        var transaction = NftablesTransaction()
        transaction.ensure(table)
        transaction.ensure(set)
        for element in elements { transaction.add(element) }
        try socket.commit(transaction)
        #expect(try socket.setNames(in: table) == ["s"])
        #expect(try socket.setNames(in: Table(.inet, "other")) == [])

        for _ in 0..<3 {
            #expect(try !socket.holdsNothing(but: [elements[0]], in: set))
            #expect(try socket.element(for: [.inetService(7)], in: set) == elements[7])
        }
        #expect(try socket.elements(of: set).count == 3000)
        #expect(try socket.holdsNothing(but: Set(elements), in: set))
        #expect(try !socket.holdsNothing(but: [], in: set))
        transaction = NftablesTransaction()
        for element in elements.dropFirst() { transaction.delete(element) }
        try socket.commit(transaction)
        #expect(try socket.holdsNothing(but: [elements[0]], in: set))
        #expect(try socket.holdsNothing(but: [], in: NftablesSet(in: table, "other", [.inetService])))
    }
}
