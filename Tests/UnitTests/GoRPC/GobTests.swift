import GoRPC
import TestSupport
import Testing

/// Gob streams, held against those of the reference's programs.
struct GobTests {
    private static let configuration =
        #"{"cniVersion":"1.0.0","name":"net1","type":"bridge","ipam":{"type":"dhcp","request":[{"option":"121"}]}}"#

    private let arguments = GobValue.structure([
        "ContainerID": .string("cid1"), "Netns": .string("/run/netns/c1"), "IfName": .string("eth0"),
        "Path": .string("/usr/lib/cni"), "StdinData": .bytes(Array("\(configuration)\n".utf8)),
    ])

    private let result = GobValue.structure([
        "IPs": .list([
            .structure([
                "Address": .structure(["IP": .bytes([10, 9, 0, 52]), "Mask": .bytes([255, 255, 255, 0])]),
                "Gateway": .bytes([10, 9, 0, 1]),
            ])
        ]),
        "Routes": .list([
            .structure([
                "Dst": .structure(["IP": .bytes([10, 20, 0, 0]), "Mask": .bytes([255, 255, 0, 0])]),
                "GW": .bytes([10, 9, 0, 2]),
            ])
        ]),
        "DNS": .structure([:]),
    ])

    @Test func saysWhatTheReferencesPluginSays() {
        var encoder = GobEncoder()
        let bytes =
            encoder.encode(RPCRequest("DHCP.Allocate").value, as: RPCRequest.type)
            + encoder.encode(arguments, as: ReferenceType.arguments)
        #expect(bytes == RecordedExchange.bytes(RecordedExchange.call))
    }

    @Test func saysWhatTheReferencesDaemonSays() {
        var encoder = GobEncoder()
        let response = RPCResponse(to: RPCRequest("DHCP.Allocate"))
        let bytes =
            encoder.encode(response.value, as: RPCResponse.type) + encoder.encode(result, as: ReferenceType.result)
        #expect(bytes == RecordedExchange.bytes(RecordedExchange.answer))
    }

    @Test func understandsTheReferencesPlugin() throws {
        var decoder = GobDecoder()
        decoder.append(RecordedExchange.bytes(RecordedExchange.call))
        #expect(try decoder.next().map(RPCRequest.init) == RPCRequest("DHCP.Allocate"))
        #expect(try decoder.next() == arguments)
        #expect(try decoder.next() == nil)
    }

    @Test func understandsTheReferencesDaemon() throws {
        var decoder = GobDecoder()
        decoder.append(RecordedExchange.bytes(RecordedExchange.answer + RecordedExchange.emptyAnswer))
        #expect(try decoder.next().map(RPCResponse.init) == RPCResponse(to: RPCRequest("DHCP.Allocate")))
        #expect(try decoder.next() == result)
        #expect(try decoder.next().map(RPCResponse.init) == RPCResponse(to: RPCRequest("DHCP.Release")))
        #expect(try decoder.next() == .structure([:]))
    }

    @Test func waitsForWhatHasNotCome() throws {
        var decoder = GobDecoder()
        var values: [GobValue] = []
        for byte in RecordedExchange.bytes(RecordedExchange.answer) {
            decoder.append([byte])
            if let value = try decoder.next() { values.append(value) }
        }
        #expect(values.count == 2 && values.last == result)
    }

    @Test func definesATypeOnce() {
        var encoder = GobEncoder()
        let first = encoder.encode(RPCRequest("A").value, as: RPCRequest.type)
        #expect(encoder.encode(RPCRequest("A").value, as: RPCRequest.type).count < first.count / 3)
    }

    @Test(arguments: [0, 1, -1, 63, 64, -64, -65, 127, 128, 255, 256, .max, .min])
    func readsTheNumbersThatItWrites(number: Int64) throws {
        let type = GobType.structure("N", [.init("signed", .integer), .init("unsigned", .unsigned)])
        let value = GobValue.structure(["signed": .integer(number), "unsigned": .unsigned(UInt64(bitPattern: number))])
        var encoder = GobEncoder()
        var decoder = GobDecoder()
        decoder.append(encoder.encode(value, as: type))
        // Zeros are not sent.
        #expect(try decoder.next() == (number == 0 ? .structure([:]) : value))
    }

    struct Malformed: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]

        init(_ description: String, _ bytes: [UInt8]) {
            testDescription = description
            self.bytes = bytes
        }
    }

    @Test(arguments: [
        Malformed("a length of nine bytes", [0xf7, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        Malformed("a message of 4 EiB", [0xf8, 0x40, 0, 0, 0, 0, 0, 0, 0]),
        Malformed("a message of 2 to the power of 64", [0xf8, 255, 255, 255, 255, 255, 255, 255, 255]),
        Malformed("an empty message", [0]),
        Malformed("a type that is not defined", [3, 0xff, 0x82, 0]),
        Malformed("the definition of the least number", [9, 0xf8] + [UInt8](repeating: 255, count: 8)),
        Malformed("the definition of a type that every stream has", [4, 1, 3, 1, 0]),
        Malformed("a definition of no kind", [3, 0xff, 0x81, 0]),
        Malformed("a structure that does not end", [9, 0xff, 0x81, 3, 1, 2, 0xff, 0x82, 0, 0]),
        Malformed("a member far beyond the last", [4, 0xff, 0x81, 0x7f, 1]),
        Malformed("a member at the greatest distance", [11, 0xff, 0x81, 0xf8] + [UInt8](repeating: 255, count: 8)),
        Malformed("a lone value without its mark", [2, 4, 1]),
        Malformed("a text that is longer than its message", [4, 12, 0, 100, 65]),
        // List 65 has elements of its own type, and here is one of one of one.
        Malformed(
            "lists in lists without end",
            hex("0d ff81 02 01 02 ff82 00 01 ff82 00 00", "67 ff82 00") + [UInt8](repeating: 1, count: 100)),
    ])
    func refusesWhatIsNone(stream: Malformed) {
        var decoder = GobDecoder()
        decoder.append(stream.bytes)
        #expect(throws: GobError.self) { while try decoder.next() != nil {} }
    }

    @Test func survivesAnyByteChanged() {
        let bytes = RecordedExchange.bytes(RecordedExchange.answer)
        for index in bytes.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var changed = bytes
                changed[index] = value
                var decoder = GobDecoder()
                decoder.append(changed)
                while let value = try? decoder.next() { _ = value }
            }
        }
    }
}
