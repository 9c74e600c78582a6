import JSON
import LinuxSystem
import TestSupport
import Testing

/// What every plugin of the suite answers to a runtime, before it does any work.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct ProtocolTests {
    static let plugins = [
        "bridge", "flannel", "host-local", "loopback", "static", "vxlan",
        "ptp",
        "host-device", "macvlan", "dummy", "ipvlan", "vlan", "tap",
        "tuning",
        "portmap",
        "dhcp",
        "bandwidth",
        "firewall",
        "sbr",
    ]

    struct BadCall: CustomTestStringConvertible, Sendable {
        var name: String
        var command: String? = "ADD"
        var variables: [String: String?] = [:]
        var input = #"{"cniVersion":"1.1.0","name":"n","type":"x"}"#
        var code: Int
        var message: String
        var details: String?

        var testDescription: String { name }
    }

    static let badCalls = [
        BadCall(
            name: "several variables missing", variables: ["CNI_NETNS": nil, "CNI_IFNAME": nil, "CNI_PATH": ""],
            code: 4,
            message: "required env variables [CNI_NETNS,CNI_IFNAME,CNI_PATH] missing"),
        BadCall(
            name: "container id with a percent sign, and nothing else",
            variables: ["CNI_CONTAINERID": "a%b", "CNI_NETNS": nil, "CNI_IFNAME": nil], code: 4,
            message: "invalid characters in containerID", details: "a%b"),
        BadCall(
            name: "container id that is a path", variables: ["CNI_CONTAINERID": "../../etc/passwd"], code: 4,
            message: "invalid characters in containerID"),
        BadCall(
            name: "interface name of 16 bytes", variables: ["CNI_IFNAME": "abcdefghijklmnop"], code: 4,
            message: "interface name is too long", details: "interface name should be less than 16 characters"),
        BadCall(
            name: "interface name ..", variables: ["CNI_IFNAME": ".."], code: 4,
            message: "interface name is . or .."),
        BadCall(
            name: "interface name with a slash", variables: ["CNI_IFNAME": "a/b"], code: 4,
            message: "interface name contains / or : or whitespace characters"),
        BadCall(
            name: "interface name with a blank", variables: ["CNI_IFNAME": "a\u{2003}b"], code: 4,
            message: "interface name contains / or : or whitespace characters"),
        BadCall(
            name: "interface name with a number to come", variables: ["CNI_IFNAME": "eth%d"], code: 4,
            message: "interface name contains % or a null character"),
        BadCall(
            name: "DEL without an interface", command: "DEL", variables: ["CNI_IFNAME": nil], code: 4,
            message: "required env variables [CNI_IFNAME] missing"),
        BadCall(
            name: "GC without a path", command: "GC", variables: ["CNI_PATH": nil], code: 4,
            message: "required env variables [CNI_PATH] missing"),
        BadCall(name: "an unknown verb", command: "NOPE", code: 4, message: "unknown CNI_COMMAND: NOPE"),
        BadCall(
            name: "an unknown verb with no configuration", command: "NOPE", input: "", code: 6,
            message: "error unmarshall network config: unexpected end of JSON input"),
        BadCall(
            name: "no configuration", input: "", code: 6,
            message: "error unmarshall network config: unexpected end of JSON input"),
        BadCall(name: "an array", input: "[]", code: 6, message: "error unmarshall network config: "),
        BadCall(name: "half an object", input: #"{"name":"#, code: 6, message: "error unmarshall network config: "),
        BadCall(
            name: "something behind the object", input: #"{"name":"n"} x"#, code: 6,
            message: "error unmarshall network config: "),
        BadCall(
            name: "bytes that are no text", input: "\u{0}\u{1}", code: 6, message: "error unmarshall network config: "),
        BadCall(
            name: "a tower of brackets", input: String(repeating: "[", count: 100_000), code: 6,
            message: "error unmarshall network config: "),
        BadCall(
            name: "5 MiB", input: #"{"name":""# + String(repeating: "n", count: 5 << 20) + #""}"#, code: 5,
            message: "error reading from stdin: File too large"),
        BadCall(
            name: "a name that is a number", input: #"{"name":7}"#, code: 6,
            message: "error unmarshall network config: "),
        BadCall(name: "no name", input: #"{"cniVersion":"1.0.0"}"#, code: 7, message: "missing network name"),
        BadCall(
            name: "a name that is a path", input: #"{"cniVersion":"1.0.0","name":"../x"}"#, code: 7,
            message: "invalid characters found in network name", details: "../x"),
        BadCall(
            name: "a version that is a number", input: #"{"cniVersion":1,"name":"n"}"#, code: 6,
            message: "decoding version from network config: "),
        BadCall(
            name: "a version of the future", input: #"{"cniVersion":"2.0.0","name":"n"}"#, code: 1,
            message: "incompatible CNI versions",
            details: #"config is "2.0.0", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]"#),
        BadCall(
            name: "a version that is none", input: #"{"cniVersion":"zz","name":"n"}"#, code: 1,
            message: "incompatible CNI versions"),
        BadCall(
            name: "CHECK of a version that is none", command: "CHECK", input: #"{"cniVersion":"zz","name":"n"}"#,
            code: 6,
            message: "cniVersion: expected a version"),
        BadCall(
            name: "CHECK of a version with four parts", command: "CHECK",
            input: #"{"cniVersion":"1.2.3.4","name":"n"}"#, code: 6, message: "cniVersion: expected a version"),
        BadCall(
            name: "CHECK of an old version", command: "CHECK", input: #"{"cniVersion":"0.3.1","name":"n"}"#, code: 1,
            message: "config version does not allow CHECK"),
        BadCall(
            name: "CHECK of a version of the future", command: "CHECK", input: #"{"cniVersion":"9.0.0","name":"n"}"#,
            code: 1, message: "plugin version does not allow CHECK"),
        BadCall(
            name: "CHECK of a version between two", command: "CHECK", input: #"{"cniVersion":"0.5.0","name":"n"}"#,
            code: 1, message: "incompatible CNI versions"),
        BadCall(
            name: "GC of 1.0.0", command: "GC", input: #"{"cniVersion":"1.0.0","name":"n"}"#, code: 1,
            message: "config version does not allow GC"),
        BadCall(
            name: "STATUS of 1.0.0", command: "STATUS", input: #"{"cniVersion":"1.0.0","name":"n"}"#, code: 1,
            message: "config version does not allow STATUS"),
    ]

    @Test(arguments: badCalls, plugins)
    func refusesBadCallsWithOneErrorDocument(call: BadCall, plugin: String) throws {
        let outcome = try run(plugin, call.command, call.variables, call.input)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.errorCode == call.code)
        let message = outcome.errorMessage ?? ""
        #expect(message.hasPrefix(call.message), "\(message)")
        if let details = call.details { #expect(outcome.json.object?["details"]?.string == details) }
        #expect(outcome.json.object?["cniVersion"]?.string != nil)
        #expect(outcome.errorOutput.isEmpty)
    }

    @Test(arguments: plugins)
    func refusesItsOwnNamespaceBeforeAnyWork(plugin: String) throws {
        let host = try TestHost()
        var call = PluginCall(
            plugin, ["cniVersion": "1.0.0", "name": "n", "type": "x", "ipam": ["type": "host-local"]])
        call.namespacePath = "/proc/self/ns/net"
        for command in ["ADD", "DEL"] {
            let outcome = try call.run(command, on: host)
            #expect(outcome.errorCode == 8)
            #expect(outcome.errorMessage == "plugin's netns and netns from CNI_NETNS should not be the same")
        }
        #expect(try host.linkNames() == ["lo"])
    }

    @Test(arguments: plugins)
    func reportsItsVersionsWithoutReadingInput(plugin: String) throws {
        let outcome = try run(plugin, "VERSION", [:], "not JSON")
        #expect(outcome.ending == .exited(0))
        #expect(
            outcome.output
                == #"{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}"#
                + "\n")
    }

    @Test(arguments: plugins)
    func saysWhatItIsWhenAskedNothing(plugin: String) throws {
        let outcome = try run(plugin, nil, [:], "")
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output.isEmpty)
        let lines = outcome.errorOutput.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("CNI \(plugin) plugin v") == true)
        #expect(
            lines.last == "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0")
    }

    @Test(arguments: ["GC", "STATUS"])
    func passesOverVariablesThatTheVerbDoesNotUse(command: String) throws {
        let outcome = try run(
            "loopback", command, ["CNI_CONTAINERID": "a%b", "CNI_IFNAME": "a/b"],
            #"{"cniVersion":"1.1.0","name":"n","type":"loopback"}"#)
        #expect(outcome.ending == .exited(0))
        #expect(outcome.output.isEmpty)
    }

    private func run(
        _ plugin: String, _ command: String?, _ variables: [String: String?], _ input: String
    ) throws -> PluginOutcome {
        var environment: [String: String?] = [
            "CNI_COMMAND": command, "CNI_CONTAINERID": "c", "CNI_NETNS": "/some/where", "CNI_IFNAME": "eth0",
            "CNI_PATH": Executables.own, "CNI_ARGS": nil,
        ]
        environment.merge(variables) { $1 }
        return try ThisMachine().outcome(
            of: ["\(Executables.own)/\(plugin)"], environment, input: Array(input.utf8))
    }
}
