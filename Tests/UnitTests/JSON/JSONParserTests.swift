import JSON
import TestSupport
import Testing

struct JSONParserTests {
    struct Case: Sendable {
        let text: String
        let value: JSONValue
    }

    @Test(arguments: [
        Case(text: "null", value: nil),
        Case(text: "true", value: true),
        Case(text: " false ", value: false),
        Case(text: "0", value: 0),
        Case(text: "-12", value: -12),
        Case(text: #""""#, value: ""),
        Case(text: #""cni0""#, value: "cni0"),
        Case(text: "[]", value: []),
        Case(text: "[ ]", value: []),
        Case(text: "{}", value: [:]),
        Case(text: "{ \n }", value: [:]),
        Case(text: "[1,[2,[]],{}]", value: [1, [2, []], [:]]),
        Case(text: "\t{\r\n\"a\" : [ 1 , null ] }\n", value: ["a": [1, nil]]),
        Case(text: #"{"":""}"#, value: ["": ""]),
        Case(text: #""\"\\\/\b\f\n\r\t""#, value: "\"\\/\u{8}\u{c}\n\r\t"),
        Case(text: #""a\u0062c\u00e9\u20AC""#, value: "abcé€"),
        Case(text: #""\u0000""#, value: "\0"),
        Case(text: #""\ud83d\uDE00!""#, value: "😀!"),
        Case(text: #""größe 😀""#, value: "größe 😀"),
        Case(text: "\"\u{7f}\u{2028}\"", value: "\u{7f}\u{2028}"),
        Case(text: #"{"a\tb":1}"#, value: ["a\tb": 1]),
    ])
    func parses(_ example: Case) throws {
        #expect(try JSONValue(parsing: example.text) == example.value)
        #expect(try JSONValue(parsing: Array(example.text.utf8)) == example.value)
        #expect(try JSONValue(parsing: example.text.utf8.span) == example.value)
    }

    @Test(arguments: MalformedJSON.corpus)
    func refuses(_ malformed: MalformedJSON) {
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: malformed.text)
        }
        #expect(error?.description == malformed.error)
        #expect(error?.path == "")
    }

    @Test(arguments: ["0", "-0", "0.10", "1e5", "1E+05", "-1.5e-300", "123456789012345678901234567890"])
    func keepsTheTextOfNumbers(_ text: String) throws {
        let value = try JSONValue(parsing: "[\(text)]")
        #expect(value.array?.first?.number?.text == text)
        #expect(value.description == "[\(text)]")
    }

    struct Repair: Sendable {
        let bytes: [UInt8]
        let string: String
    }

    @Test(arguments: [
        Repair(bytes: [0x61, 0xff, 0x62], string: "a\u{fffd}b"),
        Repair(bytes: [0x80], string: "\u{fffd}"),
        Repair(bytes: [0xc3], string: "\u{fffd}"),
        Repair(bytes: [0xc0, 0xaf], string: "\u{fffd}\u{fffd}"),
        Repair(bytes: [0xed, 0xa0, 0x80], string: "\u{fffd}\u{fffd}\u{fffd}"),
        Repair(bytes: Array(#"\n"#.utf8) + [0xfe], string: "\n\u{fffd}"),
        Repair(bytes: Array(#"\ud800"#.utf8), string: "\u{fffd}"),
        Repair(bytes: Array(#"\udc00"#.utf8), string: "\u{fffd}"),
        Repair(bytes: Array(#"\ud800x"#.utf8), string: "\u{fffd}x"),
        Repair(bytes: Array(#"\ud800\n"#.utf8), string: "\u{fffd}\n"),
        Repair(bytes: Array(#"\ud800\u0041"#.utf8), string: "\u{fffd}A"),
        Repair(bytes: Array(#"\ud800\ud83d\ude00"#.utf8), string: "\u{fffd}😀"),
        Repair(bytes: Array(#"\ude00\ud83d"#.utf8), string: "\u{fffd}\u{fffd}"),
    ])
    func repairsStrings(_ repair: Repair) throws {
        #expect(try JSONValue(parsing: [0x22] + repair.bytes + [0x22]) == .string(repair.string))
    }

    @Test func takesTheLastOfDuplicateMembersAtTheFirstPlace() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":2,"a":3,"A":4,"\u0061":5}"#)
        #expect(value == ["a": 5, "b": 2, "A": 4])
        #expect(value.description == #"{"a":5,"b":2,"A":4}"#)
    }

    @Test func findsDuplicatesAmongManyMembers() throws {
        let names = (0..<100).map { "member\($0)" }
        let text = (names + names.reversed()).enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",")
        let object = try #require(try JSONValue(parsing: "{\(text)}").object)
        #expect(object.members.map(\.name) == names)
        #expect(object["member0"] == 199)
        #expect(object["member99"] == 100)
    }

    @Test func tellsCanonicallyEquivalentNamesApart() throws {
        let object = try #require(try JSONValue(parsing: "{\"\u{e9}\":1,\"e\u{301}\":2}").object)
        #expect(object.count == 2)
        #expect(object["\u{e9}"] == 1)
        #expect(object["e\u{301}"] == 2)
    }

    @Test func limitsDepth() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(try JSONValue(parsing: nested(128, "[", "]")).array?.count == 1)
        #expect(try JSONValue(parsing: nested(128, #"{"a":"#, "}")).object?.count == 1)
        #expect(throws: JSONError(message: "line 1, column 129: nested deeper than 128 levels")) {
            try JSONValue(parsing: nested(129, "[", "]"))
        }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129, #"{"a":"#, "}")) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
    }

    @Test func limitsSize() throws {
        let padding = [UInt8](repeating: UInt8(ascii: " "), count: (4 << 20) - 2)
        #expect(try JSONValue(parsing: padding + Array("{}".utf8)) == [:])
        #expect(throws: JSONError(message: "input larger than 4 MiB")) {
            try JSONValue(parsing: padding + Array("{} ".utf8))
        }
    }

    @Test func everyPrefixOfADocumentIsAnError() throws {
        let text = Array(#"{"a":[1.5e3,true,false,null,"x\u00e9\ud83d\ude00\n"],"b":{"c":{}}}"#.utf8)
        _ = try JSONValue(parsing: text)
        for length in text.indices {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<length])) }
            #expect(error?.message.hasSuffix("unexpected end of JSON input") == true)
        }
    }

    @Test func neverTrapsOnMutatedDocuments() throws {
        let text = Array(#"{"a":[1.5e3,true,false,null,"x\u00e9\ud83d\ude00\n"],"b":{"größe":{}}}"#.utf8)
        let alphabet = Array(#"{}[]",:\u0tfn1.-eé"#.utf8) + [0x00, 0x80, 0xff]
        var generator = SeededGenerator(seed: 8259)
        for _ in 0..<20_000 {
            var mutated = text
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: mutated.indices, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: mutated[index] = alphabet.randomElement(using: &generator) ?? 0
                case 1: mutated.remove(at: index)
                default: mutated.insert(alphabet.randomElement(using: &generator) ?? 0, at: index)
                }
            }
            guard let value = try? JSONValue(parsing: mutated) else { continue }
            #expect(try JSONValue(parsing: value.serialized()) == value)
        }
    }
}
