import JSON
import Testing

@testable import CNI

struct DelegateConfigurationTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// The configuration beside `"name": "net1"`.
        var configuration: JSONObject
        var expected: JSONObject
    }

    static let cases = [
        Case(
            testDescription: "without delegate it is a bridge that is a gateway", configuration: [:],
            expected: ["isGateway": true, "mtu": 1450, "name": "net1", "type": "bridge"]),
        Case(
            testDescription: "a delegate that is null counts as none", configuration: ["delegate": nil],
            expected: ["isGateway": true, "mtu": 1450, "name": "net1", "type": "bridge"]),
        Case(
            testDescription: "what delegate says goes before defaults, null and false too",
            configuration: ["delegate": ["mtu": nil, "isGateway": false]],
            expected: ["isGateway": false, "mtu": nil, "name": "net1", "type": "bridge"]),
        Case(
            testDescription: "other types are no gateways and get the other defaults",
            configuration: ["delegate": ["type": "macvlan", "master": "eth0"]],
            expected: ["master": "eth0", "mtu": 1450, "name": "net1", "type": "macvlan"]),
        Case(
            testDescription: "names are taken literally", configuration: ["delegate": ["MTU": 1, "isgateway": false]],
            expected: ["MTU": 1, "isGateway": true, "isgateway": false, "mtu": 1450, "name": "net1", "type": "bridge"]),
        Case(
            testDescription: "runtimeConfig is the configuration's",
            configuration: ["runtimeConfig": ["mac": "x"], "delegate": ["runtimeConfig": ["ips": []]]],
            expected: [
                "isGateway": true, "mtu": 1450, "name": "net1", "runtimeConfig": ["mac": "x"], "type": "bridge",
            ]),
        Case(
            testDescription: "a runtimeConfig that is null leaves the delegate's",
            configuration: ["runtimeConfig": nil, "delegate": ["runtimeConfig": ["ips": []]]],
            expected: [
                "isGateway": true, "mtu": 1450, "name": "net1", "runtimeConfig": ["ips": []], "type": "bridge",
            ]),
        Case(
            testDescription: "cniVersion is the configuration's",
            configuration: ["cniVersion": "1.0.0", "delegate": ["cniVersion": "0.4.0"]],
            expected: ["cniVersion": "1.0.0", "isGateway": true, "mtu": 1450, "name": "net1", "type": "bridge"]),
        Case(
            testDescription: "an empty cniVersion leaves the delegate's",
            configuration: ["cniVersion": "", "delegate": ["cniVersion": "0.4.0"]],
            expected: ["cniVersion": "0.4.0", "isGateway": true, "mtu": 1450, "name": "net1", "type": "bridge"]),
        Case(
            testDescription: "nothing else of the configuration is carried over",
            configuration: [
                "dns": ["domain": "x"], "capabilities": ["mac": true], "prevResult": [:], "args": [:], "other": 1,
            ],
            expected: ["isGateway": true, "mtu": 1450, "name": "net1", "type": "bridge"]),
    ]

    @Test(arguments: cases)
    func completesTheDelegateObject(test: Case) throws {
        #expect(try completed(test.configuration).object == test.expected.sorted)
    }

    @Test func numbersStayAsTheyAreWritten() throws {
        let text = #"{"name":"net1","delegate":{"big":9007199254740993,"exact":1.50}}"#
        let bytes = try DelegateConfiguration(of: parsed(text), by: "flannel", reserving: [], defaults: [:]).bytes
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"big":9007199254740993,"exact":1.50,"isGateway":true,"name":"net1","type":"bridge"}"#)
    }

    @Test(
        arguments: [
            (["type": 7], "'delegate' dictionary, if present, must have (string) 'type' field"),
            (["type": nil], "'delegate' dictionary, if present, must have (string) 'type' field"),
            (["name": nil], "'delegate' dictionary must not have 'name' field, it'll be set by flannel"),
            (["ipam": [:]], "'delegate' dictionary must not have 'ipam' field, it'll be set by flannel"),
            ("bridge", #"delegate: expected an object, got "bridge""#),
        ] as [(JSONValue, String)])
    func refusesWhatItSetsItself(delegate: JSONValue, message: String) {
        let error = #expect(throws: CNIError.self) { try completed(["delegate": delegate]) }
        #expect(error?.message == message)
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func otherVerbsGetWhatTheRuntimeSays() throws {
        let added = try completed(["cniVersion": "1.0.0"])
        let later = try parsed(
            #"{"cniVersion":"1.1.0","name":"net1","prevResult":{"a":1},"cni.dev/valid-attachments":[],"x":2}"#)
        #expect(
            added.forwarding(later).object == [
                "cni.dev/valid-attachments": [], "cniVersion": "1.1.0", "isGateway": true, "mtu": 1450,
                "name": "net1", "prevResult": ["a": 1], "type": "bridge",
            ])
    }

    private func completed(_ members: JSONObject) throws -> DelegateConfiguration {
        var object = members
        object["name"] = "net1"
        return try DelegateConfiguration(
            of: parsed("\(JSONValue.object(object))"), by: "flannel", reserving: ["name", "ipam"],
            defaults: ["mtu": 1450])
    }

    private func parsed(_ text: String) throws -> NetworkConfiguration {
        let bytes = Array(text.utf8)
        return NetworkConfiguration(
            version: .v1_1_0, name: "net1", bytes: bytes, reader: JSONReader(try JSONValue(parsing: bytes)))
    }
}
