import JSON
import Testing

struct JSONValueTests {
    @Test func givesItsContentOnlyAsWhatItIs() {
        let values: [JSONValue] = [nil, true, 1, "a", [1], ["a": 1]]
        #expect(values.map { $0.bool } == [nil, true, nil, nil, nil, nil])
        #expect(values.map { $0.number?.text } == [nil, nil, "1", nil, nil, nil])
        #expect(values.map { $0.string } == [nil, nil, nil, "a", nil, nil])
        #expect(values.map { $0.array } == [nil, nil, nil, nil, [1], nil])
        #expect(values.map { $0.object } == [nil, nil, nil, nil, nil, ["a": 1]])
    }

    struct Number: Sendable {
        let text: String
        var byte: UInt8?
        var long: Int64?
    }

    @Test(arguments: [
        Number(text: "0", byte: 0, long: 0),
        Number(text: "255", byte: 255, long: 255),
        Number(text: "256", long: 256),
        Number(text: "-1", long: -1),
        Number(text: "9223372036854775807", long: .max),
        Number(text: "-9223372036854775808", long: .min),
        Number(text: "9223372036854775808"),
        Number(text: "1.0"),
        Number(text: "1e2"),
    ])
    func readsPlainIntegersInRange(_ example: Number) throws {
        let number = try #require(try JSONValue(parsing: example.text).number)
        #expect(number.integer(as: UInt8.self) == example.byte)
        #expect(number.integer(as: Int64.self) == example.long)
    }

    @Test func makesNumbersOfAnyInteger() {
        #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
        #expect(JSONNumber(Int8.min).text == "-128")
        #expect(JSONNumber(UInt128.max).integer(as: UInt128.self) == .max)
    }
}
