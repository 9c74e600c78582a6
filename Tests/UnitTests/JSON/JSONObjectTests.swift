import JSON
import Testing

struct JSONObjectTests {
    @Test func findsTheExactNameFirst() {
        let object: JSONObject = ["IPAM": 1, "ipam": 2, "Ipam": 3]
        #expect(object["ipam"] == 2)
        #expect(object["IPAM"] == 1)
        #expect(object["iPAM"] == 3)
        #expect(object["ipa"] == nil)
        #expect(object["ipams"] == nil)
    }

    @Test func foldsOnlyLettersOfASCII() {
        let object: JSONObject = ["RuntimeConfig": 1, "a@b": 2, "x[": 3, "É": 4]
        #expect(object["runtimeConfig"] == 1)
        #expect(object["a`b"] == nil)
        #expect(object["X{"] == nil)
        #expect(object["X["] == 3)
        #expect(object["é"] == nil)
    }

    @Test func replacesInPlaceAppendsAndRemoves() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = 4
        object["B"] = 5
        #expect(object.members.map(\.name) == ["a", "b", "c", "B"])
        object["b"] = nil
        object["absent"] = nil
        #expect(object == ["a": 3, "c": 4, "B": 5])
        #expect(object.count == 3 && !object.isEmpty)
        #expect(object.contains("A") && !object.contains("d"))
    }

    @Test func distinguishesNullFromAbsent() {
        var object = JSONObject()
        #expect(object.isEmpty)
        object["a"] = .null
        #expect(object.contains("a"))
        #expect(object["a"] == .some(.null))
        #expect(object["a"] != nil)
        #expect(object["b"] == nil)
    }

    @Test func comparesWithOrderUnlessSorted() {
        let left: JSONObject = ["b": [["y": 1, "x": 2]], "a": 1]
        let right: JSONObject = ["a": 1, "b": [["x": 2, "y": 1]]]
        #expect(left != right)
        #expect(left.sorted == right.sorted)
        #expect(JSONValue.object(left).sorted == .object(right))
        #expect(left.sorted.members.map(\.name) == ["a", "b"])
    }

    @Test func sortsByBytesAsGoDoes() {
        let object: JSONObject = ["a": 1, "é": 2, "Z": 3, "_": 4, "z": 5, "": 6]
        #expect(object.sorted.members.map(\.name) == ["", "Z", "_", "a", "z", "é"])
    }

    @Test func tellsNamesThatCameMoreThanOnce() throws {
        let object = try #require(try JSONValue(parsing: #"{"a":1,"b":2,"a":3,"A":4,"b":5}"#).object)
        #expect(object.repeatedNames == ["a", "b"])
        #expect(object == ["a": 3, "b": 5, "A": 4])
    }

    @Test func findsWhatOtherNamesLeave() {
        let object: JSONObject = ["a": 1, "B": 2, "c": 3]
        #expect(object.without(["b", "C"]) == ["a": 1])
    }

    @Test func keepsTheLastOfEqualNamesInLiterals() {
        let object: JSONObject = ["a": 1, "b": 2, "a": 3]
        #expect(object.members == [.init(name: "a", value: 3), .init(name: "b", value: 2)])
    }

    @Test func removesAndAddsBackAmongManyMembers() {
        var object = JSONObject((0..<50).map { .init(name: "m\($0)", value: .number(JSONNumber($0))) })
        object["m7"] = nil
        #expect(object["m7"] == nil && object.count == 49)
        object["m7"] = 7
        #expect(object.members.last?.name == "m7")
    }

    @Test func defaultsGoByTheExactName() {
        var object: JSONObject = ["MTU": 1400, "ipMasq": nil]
        #expect(object.value(ofExactly: "mtu") == nil)
        #expect(object.value(ofExactly: "ipMasq") == .null)
        for member in ["mtu", "ipMasq"] { object.setDefault(member, 1) }
        #expect(object == ["MTU": 1400, "ipMasq": nil, "mtu": 1])
    }
}
