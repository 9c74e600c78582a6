import Attachments
import CNI
import JSON
import Testing

@testable import CNIRuntime

struct PluginConfigurationTests {
    private func list(_ plugin: String) throws -> ConfigurationList {
        try ConfigurationList(parsing: Array(#"{"name":"net","cniVersion":"1.1.0","plugins":[\#(plugin)]}"#.utf8))
    }

    private func request(
        _ plugin: String, previous: JSONObject? = nil, _ arguments: JSONObject = [:]
    ) throws -> String {
        let list = try list(plugin)
        return String(
            decoding: list.plugins[0].request(in: list, previous: previous, capabilityArguments: arguments),
            as: UTF8.self)
    }

    struct Injection: Sendable {
        var name: String
        var plugin: String
        var previous: JSONObject?
        var arguments: JSONObject = [:]
        var request: String
    }

    static let injections = [
        Injection(
            name: "name and version are added", plugin: #"{"type":"a"}"#,
            request: #"{"type":"a","name":"net","cniVersion":"1.1.0"}"#),
        Injection(
            name: "name and version are overwritten", plugin: #"{"cniVersion":"0.1.0","name":"own","type":"a"}"#,
            request: #"{"cniVersion":"1.1.0","name":"net","type":"a"}"#),
        Injection(
            name: "order, nesting and the text of numbers stay",
            plugin: #"{"z":{"y":[1.50,1e3,12345678901234567890],"b":null},"type":"a","a":"<&>"}"#,
            request:
                #"{"z":{"y":[1.50,1e3,12345678901234567890],"b":null},"type":"a","a":"<&>","name":"net","cniVersion":"1.1.0"}"#
        ),
        Injection(
            name: "the result so far is passed on", plugin: #"{"type":"a","prevResult":1}"#,
            previous: ["cniVersion": "0.4.0", "x": 1],
            request: #"{"type":"a","prevResult":{"cniVersion":"0.4.0","x":1},"name":"net","cniVersion":"1.1.0"}"#),
        Injection(
            name: "without one, that of the file stays", plugin: #"{"type":"a","prevResult":1}"#,
            request: #"{"type":"a","prevResult":1,"name":"net","cniVersion":"1.1.0"}"#),
        Injection(
            name: "capability arguments are passed on as far as declared",
            plugin: #"{"type":"a","capabilities":{"mac":true,"ips":false,"portMappings":true}}"#,
            arguments: ["portMappings": [["hostPort": 80]], "ips": ["10.0.0.1"], "mac": "x", "other": 1],
            request:
                #"{"type":"a","capabilities":{"mac":true,"ips":false,"portMappings":true},"name":"net","cniVersion":"1.1.0","runtimeConfig":{"portMappings":[{"hostPort":80}],"mac":"x"}}"#
        ),
        Injection(
            name: "they replace those of the file",
            plugin: #"{"type":"a","runtimeConfig":{"ips":[]},"capabilities":{"mac":true}}"#, arguments: ["mac": "x"],
            request:
                #"{"type":"a","runtimeConfig":{"mac":"x"},"capabilities":{"mac":true},"name":"net","cniVersion":"1.1.0"}"#
        ),
        Injection(
            name: "none replace nothing",
            plugin: #"{"type":"a","runtimeConfig":{"ips":[]},"capabilities":{"mac":true}}"#, arguments: ["Mac": "x"],
            request:
                #"{"type":"a","runtimeConfig":{"ips":[]},"capabilities":{"mac":true},"name":"net","cniVersion":"1.1.0"}"#
        ),
    ]

    @Test(arguments: injections)
    func derivesTheRequest(injection: Injection) throws {
        #expect(
            try request(injection.plugin, previous: injection.previous, injection.arguments) == injection.request)
    }

    @Test func statusGetsNameAndVersionOnly() throws {
        let list = try list(#"{"type":"a"}"#)
        #expect(
            String(decoding: list.plugins[0].statusRequest(in: list), as: UTF8.self)
                == #"{"type":"a","name":"net","cniVersion":"1.1.0"}"#)
    }

    @Test func garbageCollectionGetsTheListUnderBothNames() throws {
        let list = try list(#"{"type":"a"}"#)
        let valid = [Attachment(network: "net", containerID: "c", interfaceName: "eth0")]
        #expect(
            String(decoding: list.plugins[0].garbageRequest(in: list, keeping: valid), as: UTF8.self)
                == #"{"type":"a","name":"net","cniVersion":"1.1.0","cni.dev/valid-attachments":[{"containerID":"c","ifname":"eth0"}],"cni.dev/attachments":[{"containerID":"c","ifname":"eth0"}]}"#
        )
        #expect(
            String(decoding: list.plugins[0].garbageRequest(in: list, keeping: []), as: UTF8.self)
                == #"{"type":"a","name":"net","cniVersion":"1.1.0","cni.dev/valid-attachments":[],"cni.dev/attachments":[]}"#
        )
    }
}
