import LinuxSystem
import TestSupport
import Testing

@testable import DBus

struct DBusMessageTests {
    /// The call below, its fields in the order of their numbers.
    private static let call: [UInt8] = [
        [UInt8(ascii: "l"), 1, 0, 1], [9, 0, 0, 0], [7, 0, 0, 0], [55, 0, 0, 0],
        // path
        [1, 1], Array("o\0".utf8), [2, 0, 0, 0], Array("/a\0".utf8), [0, 0, 0, 0, 0],
        // member
        [3, 1], Array("s\0".utf8), [3, 0, 0, 0], Array("Ask\0".utf8), [0, 0, 0, 0],
        // destination
        [6, 1], Array("s\0".utf8), [3, 0, 0, 0], Array("b.c\0".utf8), [0, 0, 0, 0],
        // signature
        [8, 1], Array("g\0".utf8), [1], Array("s\0".utf8), [0],
        // body
        [4, 0, 0, 0], Array("text\0".utf8),
    ].flatMap(\.self)

    private static var message: DBusMessage {
        var message = DBusMessage(.methodCall)
        message.serial = 7
        message.path = "/a"
        message.member = "Ask"
        message.destination = "b.c"
        message.body = [.string("text")]
        return message
    }

    @Test func isWrittenAsTheSpecificationSays() throws {
        #expect(Self.message.encoded == Self.call)
        #expect(try DBusMessage(parsing: Self.call) == Self.message)
        #expect(try DBusMessage.length(atStartOf: Self.call) == Self.call.count)
    }

    @Test func isReadAsItWasWritten() throws {
        var answer = DBusMessage(.error)
        answer.serial = 9
        answer.replySerial = 7
        answer.errorName = "b.c.Error"
        answer.sender = ":1.5"
        answer.interface = "b.c.I"
        answer.body = [.string("no"), .boolean(true), .number(70_000)]
        // The bus alone fills in who sends.
        var expected = answer
        expected.sender = nil
        #expect(try DBusMessage(parsing: answer.encoded) == expected)
        #expect(try DBusMessage(parsing: Self.message.encoded) == Self.message)
    }

    @Test func isReadInTheOtherByteOrder() throws {
        let bytes: [UInt8] = [
            [UInt8(ascii: "B"), 2, 1, 1], [0, 0, 0, 4], [0, 0, 0, 3], [0, 0, 0, 15],
            [5, 1], Array("u\0".utf8), [0, 0, 0, 7],
            [8, 1], Array("g\0".utf8), [1], Array("b\0".utf8), [0],
            [0, 0, 0, 1],
        ].flatMap(\.self)
        let message = try DBusMessage(parsing: bytes)
        #expect(message.kind == .methodReturn && message.replySerial == 7)
        #expect(message.body == [.boolean(true)])
        #expect(try DBusMessage.length(atStartOf: bytes) == bytes.count)
    }

    @Test func passesOverArgumentsOfOtherTypes() throws {
        var bytes = Self.message.encoded
        // "s" in the signature becomes "x".
        let place = try #require(bytes.lastIndex(of: UInt8(ascii: "s")))
        bytes[place] = UInt8(ascii: "x")
        #expect(try DBusMessage(parsing: bytes).body.isEmpty)
    }

    @Test func refusesWhatEndsTooEarlyAndNeverTraps() throws {
        let bytes = Self.message.encoded
        for length in 0..<bytes.count {
            #expect(throws: SystemError.self) { try DBusMessage(parsing: Array(bytes.prefix(length))) }
        }
        for place in bytes.indices {
            for value in [UInt8(0), 1, 0x7f, 0x80, 0xff] {
                var broken = bytes
                broken[place] = value
                _ = try? DBusMessage(parsing: broken)
                _ = try? DBusMessage.length(atStartOf: broken)
            }
        }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let noise = [UInt8(ascii: "l")] + (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try? DBusMessage(parsing: noise)
        }
    }

    @Test func refusesWhatIsTooLong() throws {
        #expect(try DBusMessage.length(atStartOf: Array(Self.message.encoded.prefix(15))) == nil)
        var bytes = Self.message.encoded
        bytes[7] = 0x7f
        #expect(throws: SystemError.self) { try DBusMessage.length(atStartOf: bytes) }
    }

    @Test(arguments: [
        ("unix:path=/run/dbus/system_bus_socket", "/run/dbus/system_bus_socket"),
        ("unix:guid=1,path=/a;unix:path=/b", "/a"), ("tcp:host=x;unix:abstract=y;unix:path=/c", "/c"),
        ("unix:abstract=y", nil), ("", nil), ("path=/a", nil),
    ])
    func findsTheSocket(address: String, path: String?) {
        #expect(DBusConnection.socketPath(inAddress: address) == path)
    }
}
