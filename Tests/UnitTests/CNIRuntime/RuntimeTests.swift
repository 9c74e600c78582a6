import Attachments
import CNI
import CNIRuntime
import JSON
import LinuxSystem
import TestSupport
import Testing

/// The verbs, through plugins that record how they are called.
struct RuntimeTests {
    let plugins: RecordingPlugins
    let runtime: Runtime
    let request = AttachmentRequest(
        Attachment(network: "net", containerID: "cid1", interfaceName: "eth0"),
        namespacePath: "/run/netns/x",
        arguments: [.init(key: "IgnoreUnknown", value: "1"), .init(key: "MAC", value: "02:00:00:00:00:01")],
        capabilityArguments: ["mac": "x", "ips": []])

    init() throws {
        plugins = try RecordingPlugins()
        runtime = Runtime(
            pluginDirectories: ["/nowhere", plugins.path], cache: ResultCache(directory: plugins.directory.path))
    }

    func list(
        _ types: String..., version: String = "1.1.0", members: String = ""
    ) throws -> ConfigurationList {
        let chain = types.map { #"{"type":"\#($0)"}"# }.joined(separator: ",")
        return try ConfigurationList(
            parsing: Array(#"{"name":"net","cniVersion":"\#(version)"\#(members),"plugins":[\#(chain)]}"#.utf8))
    }

    var cacheFiles: [String] { plugins.directory.names(in: "results") }

    func failure(_ body: () throws -> Void) throws -> CNIError {
        try #require(throws: CNIError.self, performing: body)
    }
}

/// ADD.
extension RuntimeTests {
    @Test func addGivesEachPluginTheResultSoFar() throws {
        try plugins.install("alpha", #"echo '{"cniVersion":"1.0.0","number":1.50}'"#)
        try plugins.install("beta", #"echo '{"cniVersion":"1.1.0","dns":{"nameservers":["1.2.3.4"]}}'"#)
        let result = try runtime.add(request, to: list("alpha", "beta"))
        #expect(result == ["cniVersion": "1.1.0", "dns": ["nameservers": ["1.2.3.4"]]])
        let calls = plugins.calls
        #expect(calls.map(\.name) == ["alpha ADD", "beta ADD"])
        #expect(try calls[0].member("prevResult") == nil)
        #expect(calls[1].input.contains(#""prevResult":{"cniVersion":"1.0.0","number":1.50}"#))
        #expect(cacheFiles == ["net-cid1-eth0"])
    }

    @Test func pluginsGetTheEnvironmentAndTheSixVariables() throws {
        try plugins.install("alpha")
        _ = try runtime.add(request, to: list("alpha"))
        let environment = try #require(plugins.calls.first?.environment)
        #expect(environment["CNI_COMMAND"] == "ADD")
        #expect(environment["CNI_CONTAINERID"] == "cid1")
        #expect(environment["CNI_NETNS"] == "/run/netns/x")
        #expect(environment["CNI_IFNAME"] == "eth0")
        #expect(environment["CNI_ARGS"] == "IgnoreUnknown=1;MAC=02:00:00:00:00:01")
        #expect(environment["CNI_PATH"] == "/nowhere:\(plugins.path)")
        #expect(environment["PATH"] == ProcessEnvironment.value(of: "PATH"))
    }

    struct Output: Sendable {
        var text: String
        var version = "1.0.0"
        var result: JSONObject
    }

    @Test(arguments: [
        Output(text: #"{"dns":{}}"#, result: ["dns": [:], "cniVersion": "1.0.0"]),
        Output(text: #"{"cniVersion":"","dns":{}}"#, result: ["cniVersion": "1.0.0", "dns": [:]]),
        Output(text: "null", result: ["cniVersion": "1.0.0"]),
        Output(text: "{}", version: "", result: ["cniVersion": "0.1.0"]),
    ])
    func addCompletesTheVersionOfTheResult(output: Output) throws {
        try plugins.install("alpha", "echo '\(output.text)'")
        #expect(try runtime.add(request, to: list("alpha", version: output.version)) == output.result)
    }

    @Test func addRunsNothingUnlessAllPluginsAreThere() throws {
        try plugins.install("alpha")
        let error = try failure { _ = try runtime.add(request, to: list("alpha", "gone")) }
        #expect(
            error.message
                == #"plugin type="gone" failed (add): failed to find plugin "gone" in path [/nowhere \#(plugins.path)]"#
        )
        #expect(plugins.calls.isEmpty)
    }

    @Test func addKeepsThePluginsError() throws {
        try plugins.install("alpha", #"echo '{"code":7,"msg":"plugin error","details":"banana"}'; exit 1"#)
        let error = try failure { _ = try runtime.add(request, to: list("alpha")) }
        #expect(error.code == .invalidConfiguration)
        #expect("\(error)" == "plugin type=\"alpha\" failed (add): plugin error; banana")
    }

    @Test func addTellsTheNameOfASinglePlugin() throws {
        try plugins.directory.write("net.d/net.conf", #"{"type":"gone","name":"net"}"#)
        let list = try ConfigurationDirectory(path: "\(plugins.directory.path)/net.d").list(named: "net")
        let error = try failure { _ = try runtime.add(request, to: list) }
        #expect(error.message.hasPrefix(#"plugin type="gone" name="net" failed (add): failed to find plugin"#))
    }

    @Test func addRefusesNamesThatNoPluginTakes() throws {
        try plugins.install("alpha")
        for (attachment, message) in [
            (
                Attachment(network: "net", containerID: "some_%%id", interfaceName: "eth0"),
                "invalid characters in containerID"
            ),
            (
                Attachment(network: "net", containerID: "c", interfaceName: "interface-too-long"),
                "interface name is too long"
            ),
            (Attachment(network: "net", containerID: "", interfaceName: "eth0"), "missing containerID"),
        ] {
            var request = request
            request.attachment = attachment
            #expect(try failure { _ = try runtime.add(request, to: list("alpha")) }.message == message)
        }
        let invalid = try ConfigurationList(parsing: Array(#"{"name":"in%va:lid","plugins":[{"type":"alpha"}]}"#.utf8))
        #expect(
            try failure { _ = try runtime.add(request, to: invalid) }.message
                == "invalid characters found in network name")
        #expect(plugins.calls.isEmpty)
    }

    @Test func addRefusesAnEmptyChain() throws {
        let list = try ConfigurationList(parsing: Array(#"{"name":"net"}"#.utf8))
        #expect(try failure { _ = try runtime.add(request, to: list) }.message == "no plugins in list")
    }
}

/// ADD that fails half-way.
extension RuntimeTests {
    @Test func failedAddDeletesWhatWasDoneLastFirst() throws {
        try plugins.install("alpha")
        try plugins.install("beta", #"echo '{"cniVersion":"1.0.0","beta":1}'"#)
        try plugins.install("gamma", #"echo '{"code":11,"msg":"no"}'; exit 1"#)
        let error = try failure { _ = try runtime.add(request, to: list("alpha", "beta", "gamma")) }
        #expect(error.code == .tryAgainLater)
        let calls = plugins.calls
        #expect(calls.map(\.name) == ["alpha ADD", "beta ADD", "gamma ADD", "beta DEL", "alpha DEL"])
        for call in calls.suffix(2) {
            #expect(try call.member("prevResult") == ["cniVersion": "1.0.0", "beta": 1])
        }
        #expect(cacheFiles.isEmpty)
    }

    @Test(arguments: ["exit 3", "echo boom >&2; exit 1", "kill -9 $$", "echo '{'"])
    func aPluginThatDiedWithoutAReportIsDeletedToo(behaviour: String) throws {
        try plugins.install("alpha")
        try plugins.install("beta", "test $CNI_COMMAND = DEL && exit; \(behaviour)")
        _ = try failure { _ = try runtime.add(request, to: list("alpha", "beta")) }
        #expect(plugins.callNames == ["alpha ADD", "beta ADD", "beta DEL", "alpha DEL"])
    }

    @Test func undoingGoesOnPastErrors() throws {
        try plugins.install("alpha")
        try plugins.install("beta", "test $CNI_COMMAND = DEL && exit 1; echo '{}'")
        try plugins.install("gamma", #"echo '{"code":100,"msg":"the cause"}'; exit 1"#)
        let error = try failure { _ = try runtime.add(request, to: list("alpha", "beta", "gamma")) }
        #expect(error.message.hasSuffix("the cause"))
        #expect(plugins.callNames.suffix(2) == ["beta DEL", "alpha DEL"])
    }

    @Test func undoingStaysOutOfANamespaceWithAnInterfaceOfSomebodyElse() throws {
        try plugins.install("alpha")
        try plugins.install("beta", "test $CNI_COMMAND = DEL || exit 3")
        _ = try failure { _ = try runtime.add(request, to: list("alpha", "beta"), sparingInterface: true) }
        #expect(plugins.calls.map { $0.environment["CNI_NETNS"] } == ["/run/netns/x", "/run/netns/x", "", ""])
    }

    @Test func anEarlierAttachmentIsNotUndone() throws {
        try plugins.install("alpha")
        try plugins.install("beta")
        _ = try runtime.add(request, to: list("alpha", "beta"))
        try plugins.install("beta", #"echo '{"code":100,"msg":"exists"}'; exit 1"#)
        _ = try failure { _ = try runtime.add(request, to: list("alpha", "beta")) }
        #expect(plugins.callNames == ["alpha ADD", "beta ADD", "alpha ADD", "beta ADD"])
        #expect(cacheFiles == ["net-cid1-eth0"])
    }

    @Test func aCacheThatCannotBeWrittenUndoesEverything() throws {
        try plugins.install("alpha")
        try plugins.directory.write("results", "no directory")
        let error = try failure { _ = try runtime.add(request, to: list("alpha")) }
        #expect(error.code == .inputOutput)
        #expect(error.message.hasPrefix("failed to set network \"net\" cached result: "))
        #expect(plugins.callNames == ["alpha ADD", "alpha DEL"])
    }
}

/// CHECK.
extension RuntimeTests {
    @Test func checkGivesEveryPluginTheFinalResult() throws {
        try plugins.install("alpha")
        try plugins.install("beta", "if test $CNI_COMMAND = ADD; then echo '{\"cniVersion\":\"1.1.0\",\"beta\":1}'; fi")
        let list = try list("alpha", "beta")
        _ = try runtime.add(request, to: list)
        try runtime.check(request, in: list)
        let calls = plugins.calls.suffix(2)
        #expect(calls.map(\.name) == ["alpha CHECK", "beta CHECK"])
        for call in calls { #expect(try call.member("prevResult") == ["beta": 1, "cniVersion": "1.1.0"]) }
    }

    @Test func checkWithoutAResultRunsThePlugins() throws {
        try plugins.install("alpha")
        try runtime.check(request, in: list("alpha"))
        #expect(try plugins.calls.first?.member("prevResult") == nil)
        #expect(plugins.callNames == ["alpha CHECK"])
    }

    @Test func checkNeedsAVersionThatHasIt() throws {
        let error = try failure { try runtime.check(request, in: list("alpha", version: "0.3.1")) }
        #expect(
            error
                == CNIError(
                    .incompatibleVersion,
                    "configuration version \"0.3.1\" does not support the CHECK command"))
    }

    @Test func checkThatIsDisabledRunsNothing() throws {
        try plugins.install("alpha", "exit 1")
        try runtime.check(request, in: list("alpha", members: #","disableCheck":true"#))
        #expect(plugins.calls.isEmpty)
    }

    @Test func checkStopsAtTheFirstDifference() throws {
        try plugins.install("alpha", #"echo '{"code":100,"msg":"gone"}'; exit 1"#)
        try plugins.install("beta")
        let error = try failure { try runtime.check(request, in: list("alpha", "beta")) }
        #expect("\(error)" == "plugin type=\"alpha\" failed (check): gone")
        #expect(plugins.callNames == ["alpha CHECK"])
    }

    @Test func checkRefusesAnUnreadableResult() throws {
        try plugins.install("alpha")
        try plugins.directory.write("results/net-cid1-eth0", "adfadsfasdfasfdsafaf")
        let error = try failure { try runtime.check(request, in: list("alpha")) }
        #expect(error.message.hasPrefix("failed to get network \"net\" cached result: "))
    }
}

/// DEL.
extension RuntimeTests {
    @Test func deleteRunsThePluginsBackwardsAndForgets() throws {
        try plugins.install("alpha")
        try plugins.install("beta")
        let list = try list("alpha", "beta")
        let result = try runtime.add(request, to: list)
        try runtime.delete(request, from: list)
        let calls = plugins.calls.suffix(2)
        #expect(calls.map(\.name) == ["beta DEL", "alpha DEL"])
        for call in calls { #expect(try call.member("prevResult") == .object(result)) }
        #expect(cacheFiles.isEmpty)
        try runtime.delete(request, from: list)
        #expect(try plugins.calls.last?.member("prevResult") == nil)
    }

    @Test func deleteHasNoResultBefore040() throws {
        try plugins.install("alpha", #"test $CNI_COMMAND = DEL || echo '{"cniVersion":"0.3.1"}'"#)
        let list = try list("alpha", version: "0.3.1")
        _ = try runtime.add(request, to: list)
        #expect(cacheFiles.count == 1)
        try runtime.delete(request, from: list)
        #expect(try plugins.calls.last?.member("prevResult") == nil)
        #expect(cacheFiles.isEmpty)
    }

    @Test func deleteKeepsTheResultToItselfWhenToldTo() throws {
        try plugins.install("alpha")
        let list = try list("alpha")
        _ = try runtime.add(request, to: list)
        try runtime.delete(request, from: list, tellingResult: false)
        #expect(try plugins.calls.last?.member("prevResult") == nil)
        #expect(cacheFiles.isEmpty)
    }

    @Test func failedDeleteKeepsTheResultForAnotherTry() throws {
        try plugins.install("alpha")
        try plugins.install("beta")
        let list = try list("alpha", "beta")
        _ = try runtime.add(request, to: list)
        try plugins.install("beta", #"echo '{"code":100,"msg":"busy"}'; exit 1"#)
        let error = try failure { try runtime.delete(request, from: list) }
        #expect("\(error)" == "plugin type=\"beta\" failed (delete): busy")
        #expect(plugins.callNames.last == "beta DEL")
        #expect(cacheFiles == ["net-cid1-eth0"])
    }

    @Test func deletePassesOverAnUnreadableResult() throws {
        try plugins.install("alpha")
        try plugins.directory.write("results/net-cid1-eth0", "adfadsfasdfasfdsafaf")
        try runtime.delete(request, from: list("alpha"))
        #expect(plugins.callNames == ["alpha DEL"])
        #expect(cacheFiles.isEmpty)
    }
}
