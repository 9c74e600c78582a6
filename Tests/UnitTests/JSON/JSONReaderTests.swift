import JSON
import Testing

struct JSONReaderTests {
    struct Range: JSONReadable, Hashable {
        let subnet: String
        let mask: UInt8?

        init(reading reader: JSONReader) throws(JSONError) {
            subnet = try reader.required("subnet")
            mask = try reader.optional("mask")
        }
    }

    struct Configuration: JSONReadable {
        let bridge: String
        let mtu: Int?
        let isGateway: Bool
        let plugin: String?
        let ranges: [Range]
        let labels: [String: String]
        let extra: JSONObject?
        let anything: JSONValue?

        init(reading reader: JSONReader) throws(JSONError) {
            bridge = try reader.optional("bridge") ?? "cni0"
            mtu = try reader.optional("mtu")
            isGateway = try reader.optional("isGateway") ?? false
            let ipam = try reader.optional("ipam", as: JSONReader.self)
            plugin = try ipam?.required("type")
            ranges = try ipam?.optional("ranges") ?? []
            labels = try reader.optional("labels") ?? [:]
            extra = try reader.optional("extra")
            anything = try reader.optional("anything")
        }
    }

    private func read<Value: JSONReadable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
        try Value(reading: JSONReader(JSONValue(parsing: text)))
    }

    @Test func readsWhatIsThere() throws {
        let configuration = try read(
            """
            {"Bridge": "br0", "mtu": 1450, "isGateway": true, "ipam": {"TYPE": "host-local",
             "ranges": [{"subnet": "10.1.0.0/16", "mask": 24}, {"subnet": "fd00::/64"}]},
             "labels": {"a": "b"}, "extra": {"x": 1}, "anything": [1]}
            """, as: Configuration.self)
        #expect(configuration.bridge == "br0")
        #expect(configuration.mtu == 1450)
        #expect(configuration.isGateway)
        #expect(configuration.plugin == "host-local")
        #expect(configuration.ranges.map(\.subnet) == ["10.1.0.0/16", "fd00::/64"])
        #expect(configuration.ranges.map(\.mask) == [24, nil])
        #expect(configuration.labels == ["a": "b"])
        #expect(configuration.extra == ["x": 1])
        #expect(configuration.anything == [1])
    }

    @Test(arguments: ["{}", #"{"bridge":null,"mtu":null,"ipam":null,"labels":null,"anything":null,"unknown":1}"#])
    func takesAbsentAndNullAsDefaults(_ text: String) throws {
        let configuration = try read(text, as: Configuration.self)
        #expect(configuration.bridge == "cni0")
        #expect(configuration.mtu == nil)
        #expect(configuration.plugin == nil)
        #expect(configuration.ranges.isEmpty && configuration.labels.isEmpty)
        #expect(configuration.anything == nil)
    }

    struct Failure: Sendable {
        let text: String
        let error: String
    }

    @Test(arguments: [
        Failure(text: "[]", error: "expected an object, got []"),
        Failure(text: #"{"mtu":"1500"}"#, error: #"mtu: expected an integer, got "1500""#),
        Failure(text: #"{"mtu":1.5}"#, error: "mtu: expected an integer, got 1.5"),
        Failure(text: #"{"mtu":1e3}"#, error: "mtu: expected an integer, got 1e3"),
        Failure(text: #"{"mtu":true}"#, error: "mtu: expected an integer, got true"),
        Failure(text: #"{"isGateway":"true"}"#, error: #"isGateway: expected true or false, got "true""#),
        Failure(text: #"{"isGateway":1}"#, error: "isGateway: expected true or false, got 1"),
        Failure(text: #"{"bridge":5}"#, error: "bridge: expected a string, got 5"),
        Failure(text: #"{"ipam":{}}"#, error: "ipam.type: missing"),
        Failure(text: #"{"ipam":{"type":null}}"#, error: "ipam.type: missing"),
        Failure(text: #"{"ipam":"dhcp"}"#, error: #"ipam: expected an object, got "dhcp""#),
        Failure(text: #"{"ipam":{"type":"x","ranges":{}}}"#, error: "ipam.ranges: expected an array, got {}"),
        Failure(text: #"{"ipam":{"type":"x","ranges":[{}]}}"#, error: "ipam.ranges[0].subnet: missing"),
        Failure(
            text: #"{"ipam":{"type":"x","ranges":[{"subnet":"a"},null]}}"#,
            error: "ipam.ranges[1]: expected an object, got null"),
        Failure(
            text: #"{"ipam":{"type":"x","ranges":[{"subnet":"a","mask":300}]}}"#,
            error: "ipam.ranges[0].mask: expected an integer from 0 to 255, got 300"),
        Failure(text: #"{"labels":{"a":"b","c":1}}"#, error: "labels.c: expected a string, got 1"),
        Failure(text: #"{"labels":["a"]}"#, error: #"labels: expected an object, got ["a"]"#),
        Failure(text: #"{"extra":[{"a":"\n"}]}"#, error: #"extra: expected an object, got [{"a":"\n"}]"#),
    ])
    func saysWhereAndWhatWasExpected(_ failure: Failure) throws {
        let error = #expect(throws: JSONError.self) { try read(failure.text, as: Configuration.self) }
        #expect(error?.description == failure.error)
    }

    @Test func namesElementsOfElements() throws {
        let error = #expect(throws: JSONError.self) { try read("[[1],[2,-3]]", as: [[UInt16]].self) }
        #expect(error?.description == "[1][1]: expected an integer from 0 to 65535, got -3")
        let member = #expect(throws: JSONError.self) { try read(#"[{"subnet":1}]"#, as: [Range].self) }
        #expect(member?.path == "[0].subnet")
    }

    @Test func readsEveryIntegerTypeUpToItsLimits() throws {
        func check<Value: FixedWidthInteger & JSONReadable>(_ type: Value.Type) throws {
            #expect(try read("\(type.min)", as: type) == type.min)
            #expect(try read("\(type.max)", as: type) == type.max)
            let error = #expect(throws: JSONError.self) { try read("\(type.max)0", as: type) }
            #expect(
                error?.message == "expected an integer from \(type.min) to \(type.max), got \(type.max)0")
        }
        try check(Int.self)
        try check(Int32.self)
        try check(Int64.self)
        try check(UInt8.self)
        try check(UInt16.self)
        try check(UInt32.self)
        try check(UInt64.self)
    }

    @Test func shortensLongValues() {
        let fits = JSONValue.string(String(repeating: "x", count: 58))
        #expect(JSONReader(fits).expected("a").message == "expected a, got \(fits)")
        let long = JSONValue.string(String(repeating: "é", count: 100))
        let shown = "\"" + String(repeating: "é", count: 59) + "…"
        #expect(JSONReader(long).expected("a").message == "expected a, got \(shown)")
    }

    @Test func makesErrorsOfItsOwn() {
        let reader = JSONReader("10.1.0", path: "ipam.ranges[0].subnet")
        #expect(reader.fail("in use").description == "ipam.ranges[0].subnet: in use")
        #expect(
            reader.expected("a network such as 10.1.0.0/16").description
                == #"ipam.ranges[0].subnet: expected a network such as 10.1.0.0/16, got "10.1.0""#)
        #expect(JSONReader(1).fail("odd").description == "odd")
    }
}
