import JSON
import TestSupport
import Testing

struct JSONWriterTests {
    struct Case: Sendable {
        let value: JSONValue
        let text: String
    }

    @Test(arguments: [
        Case(value: nil, text: "null"),
        Case(value: [true, false], text: "[true,false]"),
        Case(value: -5, text: "-5"),
        Case(value: [:], text: "{}"),
        Case(value: [], text: "[]"),
        Case(value: ["b": 1, "a": ["c": []]], text: #"{"b":1,"a":{"c":[]}}"#),
        Case(value: "</a>&'", text: #""</a>&'""#),
        Case(value: "\"\\", text: #""\"\\""#),
        Case(value: "\u{8}\u{9}\u{a}\u{c}\u{d}", text: #""\b\t\n\f\r""#),
        Case(value: "\0\u{1}\u{b}\u{f}\u{10}\u{1f}", text: #""\u0000\u0001\u000b\u000f\u0010\u001f""#),
        Case(value: "\u{7f}é\u{2028}😀", text: "\"\u{7f}é\u{2028}😀\""),
        Case(value: ["a\n": "\("x")-\(1)"], text: #"{"a\n":"x-1"}"#),
    ])
    func writesCompactText(_ example: Case) {
        #expect(String(decoding: example.value.serialized(), as: UTF8.self) == example.text)
        #expect(example.value.description == example.text)
    }

    @Test func indentsAsGoDoes() {
        let object: JSONObject = [
            "cniVersion": "1.1.0", "ips": [["address": "10.1.2.5/24"], [1, 2]], "dns": [:], "routes": [], "mtu": 1450,
        ]
        let expected = """
            {
                "cniVersion": "1.1.0",
                "ips": [
                    {
                        "address": "10.1.2.5/24"
                    },
                    [
                        1,
                        2
                    ]
                ],
                "dns": {},
                "routes": [],
                "mtu": 1450
            }
            """
        #expect(String(decoding: object.serialized(pretty: true), as: UTF8.self) == expected)
        #expect(JSONValue.object(object).serialized(pretty: true) == object.serialized(pretty: true))
        #expect(JSONValue.object(object).serialized() == object.serialized())
    }

    @Test func survivesWritingAndParsing() throws {
        var generator = SeededGenerator(seed: 7159)
        for _ in 0..<1_000 {
            let value = JSONValue.random(depth: 5, using: &generator)
            #expect(try JSONValue(parsing: value.serialized()) == value)
            #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value)
            #expect(value.sorted.sorted == value.sorted)
        }
    }
}

extension JSONValue {
    fileprivate static func random(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 4), using: &generator) {
        case 0: return nil
        case 1: return .bool(.random(using: &generator))
        case 2: return .number(JSONNumber(Int64.random(in: .min ... .max, using: &generator)))
        case 3: return .string(string(using: &generator))
        case 4:
            let count = Int.random(in: 0..<5, using: &generator)
            return .array((0..<count).map { _ in random(depth: depth - 1, using: &generator) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<25, using: &generator) / (6 - depth) {
                object[string(using: &generator)] = random(depth: depth - 1, using: &generator)
            }
            return .object(object)
        }
    }

    private static func string(using generator: inout SeededGenerator) -> String {
        var string = ""
        for _ in 0..<Int.random(in: 0..<12, using: &generator) {
            let limit: UInt32 = Bool.random(using: &generator) ? 0x80 : 0x11_0000
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &generator)) {
                string.unicodeScalars.append(scalar)
            }
        }
        return string
    }
}
