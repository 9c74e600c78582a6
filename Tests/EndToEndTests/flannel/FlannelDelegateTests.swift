import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// What `flannel` asks of its delegate, which notes how it was called, and what is saved meanwhile.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct FlannelDelegateTests {
    var network: FlannelNetwork
    let plugins: RecordingPlugins

    /// What the delegate is given for ADD; the folder of the leases is cut out.
    static let rendering =
        #"{"cniVersion":"1.1.0","ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.5.0/24"}]],"routes":[{"dst":"10.244.0.0/16"}],"type":"host-local"},"mtu":1400,"name":"cbr0","type":"alpha"}"#

    init() throws {
        plugins = try RecordingPlugins()
        try plugins.install("alpha")
        network = try FlannelNetwork()
        network.version = "1.1.0"
        network.delegate = ["type": "alpha"]
        network.more["ipam"] = .null
    }

    var folder: String { network.host.directory.path }

    func run(
        _ command: String, id: String = "cid1", interface: String = "eth0", namespace: String? = "/some/where",
        previous: JSONValue? = nil
    ) throws -> PluginOutcome {
        var network = network
        if let previous { network.more["prevResult"] = previous }
        var call = network.call(nil, id: id, interface: interface)
        call.namespacePath = namespace
        call.arguments = "IgnoreUnknown=1;A=b"
        call.moreDirectories = [plugins.path]
        return try call.run(command, on: network.host)
    }

    func contents(_ name: String) -> String? { network.host.directory.contents("flannel/\(name)") }

    @Test func addHandsOverTheRenderingAndPrintsTheResult() throws {
        let added = try run("ADD")
        #expect(added.succeeded)
        #expect(added.addresses == ["10.1.2.3/24"])
        let call = try #require(plugins.calls.first)
        #expect(plugins.callNames == ["alpha ADD"])
        #expect(call.input == Self.rendering)
        #expect(call.environment["CNI_CONTAINERID"] == "cid1")
        #expect(call.environment["CNI_NETNS"] == "/some/where")
        #expect(call.environment["CNI_IFNAME"] == "eth0")
        #expect(call.environment["CNI_ARGS"] == "IgnoreUnknown=1;A=b")
        #expect(call.environment["CNI_PATH"] == "\(plugins.path):\(Executables.own)")
    }

    @Test func theRenderingIsSavedBeforeTheDelegateRunsForTheReferenceToo() throws {
        try plugins.install(
            "alpha", "cat '\(folder)/flannel/cid1' '\(folder)/flannel/.cbr0/cid1:eth0' > '\(folder)/seen'; echo '{}'")
        #expect(try run("ADD").succeeded)
        #expect(network.host.directory.contents("seen") == Self.rendering + Self.rendering)
        #expect(contents("cid1") == Self.rendering)
        #expect(contents(".cbr0/cid1:eth0") == Self.rendering)
        #expect(network.saved == ["cid1", "cid1:eth0"])
        let modes = try network.host.run(
            "stat", "-c", "%a", "\(folder)/flannel", "\(folder)/flannel/cid1", "\(folder)/flannel/.cbr0",
            "\(folder)/flannel/.cbr0/cid1:eth0")
        #expect(modes == "700\n600\n700\n600\n")
    }

    @Test(arguments: [#"echo '{"code":42,"msg":"no","details":"why"}'; exit 1"#, "kill -TERM $PPID; echo '{}'"])
    func nothingIsSavedAfterAFailedAdd(behaviour: String) throws {
        try plugins.install("alpha", "case $CNI_COMMAND in ADD) trap '' TERM; \(behaviour) ;; esac")
        let added = try run("ADD")
        #expect(added.ending == .exited(1))
        #expect(network.saved.isEmpty)
        if added.errorCode == 42 {
            #expect(added.errorMessage == "no")
            #expect(added.json.object?["details"] == "why")
            #expect(plugins.callNames == ["alpha ADD"])
        } else {
            #expect(added.errorCode == 11)
            #expect(plugins.callNames == ["alpha ADD", "alpha DEL"])
        }
    }

    @Test(arguments: [
        "kill -9 $$", "echo boom >&2; exit 3", "echo bananas", "true",
        "trap '' TERM; kill -TERM $PPID; exec sleep 1000",
    ])
    func aDelegateThatDoesNotSayWhatItMadeIsSentDel(behaviour: String) throws {
        try plugins.install("alpha", "case $CNI_COMMAND in ADD) \(behaviour) ;; esac")
        #expect(try !run("ADD").succeeded)
        #expect(plugins.callNames == ["alpha ADD", "alpha DEL"])
        #expect(network.saved.isEmpty)
    }

    @Test func anAttachmentThatExistsStaysWhenAddedAgain() throws {
        #expect(try run("ADD").succeeded)
        try network.writeSubnets("10.244.9.1/24")
        try plugins.install("alpha", "kill -9 $$")
        #expect(try !run("ADD").succeeded)
        #expect(plugins.callNames == ["alpha ADD", "alpha ADD"])
        #expect(contents(".cbr0/cid1:eth0") == Self.rendering)
        #expect(contents("cid1") == Self.rendering)
    }

    @Test func anAddThatIsKilledIsDeletedAsUsual() throws {
        try plugins.install("alpha", "case $CNI_COMMAND in ADD) kill -9 $PPID ;; esac")
        #expect(try run("ADD").ending == .signalled(9))
        #expect(network.saved == ["cid1", "cid1:eth0"])
        #expect(try run("DEL").succeeded)
        #expect(plugins.calls.last?.input == Self.rendering)
        #expect(network.saved.isEmpty)
    }

    @Test mutating func runtimeConfigIsPassedOnAndSaved() throws {
        network.more["runtimeConfig"] = ["mac": "02:00:00:00:00:01"]
        #expect(try run("ADD").succeeded)
        #expect(try plugins.calls.last?.member("runtimeConfig") == ["mac": "02:00:00:00:00:01"])
        network.more["runtimeConfig"] = .null
        #expect(try run("DEL").succeeded)
        #expect(try plugins.calls.last?.member("runtimeConfig") == ["mac": "02:00:00:00:00:01"])
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var delegate: JSONObject = ["type": "alpha"]
        var lines: [String]?
        var code: Int
        var message: String
    }

    static let refusals = [
        Refusal(
            testDescription: "no file", lines: nil, code: 11,
            message: "failed to load flannel 'subnet.env' file: open FILE: no such file or directory. "
                + "Check the flannel pod log for this node."),
        Refusal(
            testDescription: "an incomplete file", lines: ["FLANNEL_SUBNET=10.244.5.1/24"], code: 11,
            message: "failed to load flannel 'subnet.env' file: FILE is missing FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, "
                + "FLANNEL_MTU, FLANNEL_IPMASQ. Check the flannel pod log for this node."),
        Refusal(
            testDescription: "a malformed file", lines: ["", "FLANNEL_MTU"], code: 6,
            message: "failed to load flannel 'subnet.env' file: FILE line 2: FLANNEL_MTU: expected = and a value. "
                + "Check the flannel pod log for this node."),
        Refusal(
            testDescription: "a reserved member", delegate: ["name": "x"], lines: SubnetLines.complete, code: 7,
            message: "'delegate' dictionary must not have 'name' field, it'll be set by flannel"),
        Refusal(
            testDescription: "a delegate that is not there", delegate: ["type": "gone"], lines: SubnetLines.complete,
            code: 7, message: "failed to delegate add: failed to find plugin \"gone\" in path [PLUGINS]"),
        Refusal(
            testDescription: "a delegate that is a path", delegate: ["type": "../alpha"], lines: SubnetLines.complete,
            code: 7, message: "failed to delegate add: invalid plugin name: ../alpha"),
    ]

    @Test(arguments: refusals)
    mutating func refusesBeforeAnythingIsWritten(refusal: Refusal) throws {
        network.delegate = refusal.delegate
        try network.removeSubnets()
        if let lines = refusal.lines { try network.writeFile(lines) }
        let added = try run("ADD")
        let message = refusal.message.replacingOccurrences(of: "FILE", with: "\(folder)/run/subnet.env")
            .replacingOccurrences(of: "PLUGINS", with: "\(plugins.path) \(Executables.own)")
        #expect(added.errorMessage == message)
        #expect(added.errorCode == refusal.code)
        #expect(network.host.directory.names(in: "flannel").isEmpty)
        #expect(plugins.calls.isEmpty)
    }
}

/// DEL and CHECK.
extension FlannelDelegateTests {
    @Test(arguments: ["DEL", "CHECK"])
    mutating func laterVerbsGetWhatAddHandedOverAndThePreviousResult(command: String) throws {
        #expect(try run("ADD").succeeded)
        // Neither the node's subnet nor the configuration of today counts, and DEL needs no namespace.
        try network.removeSubnets()
        network.delegate = ["type": "gone"]
        let previous: JSONValue = ["cniVersion": "1.1.0", "ips": [["address": "10.244.5.2/24"]]]
        let outcome = try run(command, namespace: command == "DEL" ? nil : "/some/where", previous: previous)
        #expect(outcome.succeeded && outcome.output.isEmpty, "\(outcome.output)")
        let call = try #require(plugins.calls.last)
        #expect(call.name == "alpha \(command)")
        #expect(try call.member("prevResult") == previous)
        guard var object = try JSONValue(parsing: call.input).object else { return }
        object["prevResult"] = nil
        #expect(object == (try JSONValue(parsing: Self.rendering).object))
        #expect(network.saved.isEmpty == (command == "DEL"))
    }

    @Test func theSavedFilesStayUntilTheDelegateHasDeleted() throws {
        #expect(try run("ADD").succeeded)
        try plugins.install("alpha", #"echo '{"code":5,"msg":"disk on fire"}'; exit 1"#)
        for _ in 1...2 {
            let deleted = try run("DEL")
            #expect(deleted.errorCode == 5)
            #expect(deleted.errorMessage == "disk on fire")
            #expect(network.saved == ["cid1", "cid1:eth0"])
        }
        try File.remove("\(plugins.path)/alpha")
        #expect(
            try run("DEL").errorMessage
                == "failed to find plugin \"alpha\" in path [\(plugins.path) \(Executables.own)]")
        #expect(network.saved == ["cid1", "cid1:eth0"])
        try plugins.install("alpha")
        #expect(try run("DEL").succeeded)
        #expect(network.saved.isEmpty)
    }

    @Test func deletingWhatWasNeverAddedAsksTheDelegateAndLeavesNothing() throws {
        for _ in 1...2 { #expect(try run("DEL").succeeded) }
        #expect(plugins.callNames == ["alpha DEL", "alpha DEL"])
        #expect(network.host.directory.names(in: "flannel").isEmpty)
    }

    @Test func aTornFileIsSaidOnceAndRenderedAgain() throws {
        #expect(try run("ADD").succeeded)
        try network.host.directory.write("flannel/.cbr0/cid1:eth0", "")
        try network.host.directory.write("flannel/cid1", "{}")
        let deleted = try run("DEL")
        #expect(deleted.succeeded)
        #expect(
            deleted.errorOutput
                == "\(folder)/flannel/.cbr0/cid1:eth0 is torn, and not used\n\(folder)/flannel/cid1 is torn, and not used\n"
        )
        #expect(plugins.calls.last?.input == Self.rendering)
        #expect(network.saved.isEmpty)
    }

    @Test mutating func aFileOfAnotherNetworkIsNeitherUsedNorRemoved() throws {
        let other = #"{"name":"other","type":"gone"}"#
        try network.host.directory.write("flannel/cid1", other)
        #expect(try run("CHECK").succeeded)
        #expect(try run("DEL").succeeded)
        network.more["cni.dev/valid-attachments"] = []
        #expect(try run("GC").succeeded)
        #expect(contents("cid1") == other)
        #expect(plugins.calls.allSatisfy { $0.input.contains(#""name":"cbr0""#) })
    }

    @Test func theReferencesFileGoesOverToTheInterfaceThatIsLeft() throws {
        #expect(try run("ADD").succeeded)
        try network.writeSubnets("10.244.9.1/24")
        #expect(try run("ADD", interface: "net1").succeeded)
        #expect(contents("cid1")?.contains("10.244.9.0/24") == true)
        #expect(try run("DEL", interface: "net1").succeeded)
        #expect(contents("cid1") == Self.rendering)
        #expect(network.saved == ["cid1", "cid1:eth0"])
        #expect(try run("DEL").succeeded)
        #expect(network.saved.isEmpty)
    }

    @Test mutating func networksOfOneContainerKeepTheirFilesApart() throws {
        #expect(try run("ADD").succeeded)
        network.name = "other"
        #expect(try run("ADD", interface: "net1").succeeded)
        #expect(try run("DEL", interface: "net1").succeeded)
        network.name = "cbr0"
        #expect(contents(".cbr0/cid1:eth0") == Self.rendering)
        #expect(try run("DEL").succeeded)
        #expect(plugins.calls.last?.input == Self.rendering)
    }

    @Test(arguments: ["", "flannel", "./flannel"])
    mutating func aDataDirectoryThatDependsOnTheCallerIsRefused(path: String) throws {
        network.more["dataDir"] = .string(path)
        let added = try run("ADD")
        #expect(added.errorCode == 7)
        #expect(added.errorMessage?.hasSuffix("dataDir: expected an absolute path, got \"\(path)\"") == true)
        #expect(plugins.calls.isEmpty)
    }

    @Test(arguments: ["/dev/zero", "FIFO"])
    mutating func aSubnetFileThatIsNoneIsRefusedAtOnce(path: String) throws {
        let fifo = "\(folder)/fifo"
        try #require(mkfifo(fifo, 0o600) == 0)
        network.more["subnetFile"] = .string(path == "FIFO" ? fifo : path)
        let added = try run("ADD")
        #expect(added.errorCode == 5)
        #expect(added.errorMessage?.contains(": not a regular file") == true)
    }

    @Test func aFileThatWouldHaveItRunItselfIsNotUsed() throws {
        #expect(try run("ADD").succeeded)
        let hostile = Self.rendering.replacingOccurrences(of: "alpha", with: "flannel")
        for name in [".cbr0/cid1:eth0", "cid1"] { try network.host.directory.write("flannel/\(name)", hostile) }
        let deleted = try run("DEL")
        #expect(deleted.succeeded && deleted.errorOutput.contains("would have flannel run itself, and is not used"))
        #expect(plugins.calls.last?.name == "alpha DEL")
        #expect(network.saved.isEmpty)
    }

    @Test mutating func whatIsOfNoUseIsCollected() throws {
        #expect(try run("ADD").succeeded)
        let hostile = Self.rendering.replacingOccurrences(of: "alpha", with: "flannel")
        let own = ProcessInfo.processInfo.processIdentifier
        let files = [
            ".cbr0/cid1:net1": hostile, "cid9": hostile, "cid1.4194305.tmp": "{", ".cbr0/cid1:eth0.4194305.tmp": "",
            "cid2.\(own).tmp": "{",
        ]
        for (name, contents) in files { try network.host.directory.write("flannel/\(name)", contents) }
        network.more["cni.dev/valid-attachments"] = [
            ["containerID": "cid1", "ifname": "eth0"], ["containerID": "cid1", "ifname": "net1"],
        ]
        #expect(try run("GC").succeeded)
        // The process of the last one may still put it in place.
        #expect(network.saved == ["cid1", "cid2.\(own).tmp", "cid1:eth0"])
    }

    @Test mutating func aDataDirectoryThatIsAFileIsAnError() throws {
        try network.host.directory.write("flannel", "")
        let added = try run("ADD")
        #expect(added.errorCode == 5)
        #expect(added.errorMessage?.contains("\(folder)/flannel") == true, "\(added.output)")
        #expect(plugins.calls.isEmpty)
    }
}

/// The daemon's file as it is on most nodes.
enum SubnetLines {
    static let complete = [
        "FLANNEL_NETWORK=10.244.0.0/16", "FLANNEL_SUBNET=10.244.5.1/24", "FLANNEL_MTU=1400", "FLANNEL_IPMASQ=true",
    ]
}
