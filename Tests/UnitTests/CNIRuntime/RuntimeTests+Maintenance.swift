import Attachments
import CNI
import CNIRuntime
import JSON
import Testing

/// GC.
extension RuntimeTests {
    private func addTwo(_ list: ConfigurationList) throws {
        for id in ["cid1", "cid2"] {
            var request = request
            request.attachment.containerID = id
            request.namespacePath = "/run/netns/\(id)"
            _ = try runtime.add(request, to: list)
        }
    }

    @Test func garbageCollectionDeletesWhatIsNotValid() throws {
        try plugins.install("alpha")
        let list = try list("alpha")
        try addTwo(list)
        try runtime.collectGarbage(
            in: list, keeping: [Attachment(network: "net", containerID: "cid2", interfaceName: "eth0")])
        let calls = plugins.calls
        #expect(calls.map(\.name).suffix(2) == ["alpha DEL", "alpha GC"])
        let deletion = try #require(calls.dropLast().last)
        #expect(deletion.environment["CNI_CONTAINERID"] == "cid1")
        #expect(deletion.environment["CNI_NETNS"] == "/run/netns/cid1")
        #expect(deletion.environment["CNI_ARGS"] == "IgnoreUnknown=1;MAC=02:00:00:00:00:01")
        #expect(try deletion.member("prevResult") != nil)
        let valid: JSONValue = [["containerID": "cid2", "ifname": "eth0"]]
        #expect(try calls.last?.member("cni.dev/valid-attachments") == valid)
        #expect(try calls.last?.member("cni.dev/attachments") == valid)
        #expect(calls.last?.environment["CNI_CONTAINERID"] == "")
        #expect(cacheFiles == ["net-cid2-eth0"])
    }

    @Test func garbageCollectionSendsAnEmptyListToo() throws {
        try plugins.install("alpha")
        let list = try list("alpha")
        try addTwo(list)
        try runtime.collectGarbage(in: list, keeping: [])
        #expect(plugins.callNames.suffix(3) == ["alpha DEL", "alpha DEL", "alpha GC"])
        #expect(try plugins.calls.last?.member("cni.dev/valid-attachments") == [])
        #expect(cacheFiles.isEmpty)
    }

    @Test func garbageCollectionOfAnOldListDeletesOnly() throws {
        try plugins.install("alpha")
        let list = try list("alpha", version: "1.0.0")
        try addTwo(list)
        try runtime.collectGarbage(in: list, keeping: [])
        #expect(plugins.callNames.suffix(2) == ["alpha DEL", "alpha DEL"])
    }

    @Test func garbageCollectionThatIsDisabledRunsNothing() throws {
        try plugins.install("alpha")
        try addTwo(list("alpha"))
        try runtime.collectGarbage(in: list("alpha", members: #","disableGC":true"#), keeping: [])
        #expect(plugins.callNames == ["alpha ADD", "alpha ADD"])
        #expect(cacheFiles.count == 2)
    }

    @Test func garbageCollectionTriesEverythingAndTellsAll() throws {
        try plugins.install("alpha")
        try plugins.install("beta")
        let list = try list("alpha", "beta")
        try addTwo(list)
        try plugins.install("alpha", #"echo '{"code":100,"msg":"no"}'; exit 1"#)
        let error = try failure { try runtime.collectGarbage(in: list, keeping: []) }
        #expect(
            plugins.callNames.suffix(6)
                == ["beta DEL", "alpha DEL", "beta DEL", "alpha DEL", "alpha GC", "beta GC"])
        #expect(
            "\(error)" == """
                failed to delete stale attachment cid1 eth0: plugin type="alpha" failed (delete): no; \
                failed to delete stale attachment cid2 eth0: plugin type="alpha" failed (delete): no; \
                failed to GC plugin alpha: no
                """)
        #expect(cacheFiles.count == 2)
    }
}

/// STATUS and VERSION.
extension RuntimeTests {
    @Test func statusStopsAtTheFirstThatIsNotReadyAndKeepsItsCode() throws {
        try plugins.install("alpha")
        try plugins.install("beta", #"echo '{"code":50,"msg":"no address is left"}'; exit 1"#)
        try plugins.install("gamma")
        let error = try failure { try runtime.status(of: list("alpha", "beta", "gamma")) }
        #expect(error.code == .notAvailable)
        #expect(error.message == "plugin type=\"beta\" failed (status): no address is left")
        #expect(plugins.callNames == ["alpha STATUS", "beta STATUS"])
    }

    @Test func statusOfAnOldListRunsNothing() throws {
        try plugins.install("alpha", "exit 1")
        try runtime.status(of: list("alpha", version: "1.0.0"))
        #expect(plugins.calls.isEmpty)
    }

    @Test func versionsAreAskedForWithDummies() throws {
        try plugins.install("alpha")
        #expect(try runtime.supportedVersions(of: list("alpha").plugins[0]) == ["0.4.0", "1.0.0", "1.1.0"])
        let call = try #require(plugins.calls.first)
        #expect(call.name == "alpha VERSION")
        #expect(call.input == #"{"cniVersion":"1.1.0"}"#)
        for name in ["CNI_NETNS", "CNI_IFNAME", "CNI_PATH"] { #expect(call.environment[name] == "dummy") }
    }

    struct VersionOutput: Sendable {
        var behaviour: String
        var versions: [String] = []
        var message: String?
    }

    @Test(arguments: [
        VersionOutput(behaviour: #"echo '{"cniVersion":"0.2.0"}'"#, versions: ["0.1.0", "0.2.0"]),
        VersionOutput(
            behaviour: #"echo '{"code":4,"msg":"unknown CNI_COMMAND: VERSION"}'; exit 1"#, versions: ["0.1.0"]),
        VersionOutput(
            behaviour: #"echo '{"cniVersion":"1.0.0"}'"#,
            message: "decoding version info: missing field supportedVersions"),
        VersionOutput(
            behaviour: #"echo '{"supportedVersions":["1.0.0"]}'"#,
            message: "decoding version info: missing field cniVersion"),
        VersionOutput(behaviour: "echo '{'", message: "decoding version info: line "),
        VersionOutput(
            behaviour: "exit 1", message: "netplugin failed with no error message: exit status 1"),
    ])
    func readsVersionsOfAllAges(output: VersionOutput) throws {
        try plugins.install("alpha", output.behaviour)
        let plugin = try list("alpha").plugins[0]
        if let message = output.message {
            let error = try failure { _ = try runtime.supportedVersions(of: plugin) }
            #expect(error.message.hasPrefix(message))
        } else {
            #expect(try runtime.supportedVersions(of: plugin) == output.versions)
        }
    }

    @Test func validationNeedsEveryPluginInTheListsVersion() throws {
        try plugins.install("alpha")
        let list = try ConfigurationList(
            parsing: Array(
                #"{"name":"net","cniVersion":"1.0.0","plugins":[{"type":"alpha","capabilities":{"mac":true,"ips":false}},{"type":"alpha","capabilities":{"bandwidth":true}}]}"#
                    .utf8))
        #expect(try runtime.validate(list) == ["bandwidth", "mac"])
        #expect(
            try failure { try runtime.validate(self.list("alpha", version: "0.3.1")) }.message
                == "plugin alpha does not support config version \"0.3.1\"")
        #expect(
            try failure { try runtime.validate(self.list("alpha", version: "")) }.message
                == "plugin alpha does not support config version \"0.1.0\"")
        let missing = try failure { try runtime.validate(self.list("alpha", "gone")) }
        #expect(missing.message.hasPrefix("failed to find plugin"))
    }
}
