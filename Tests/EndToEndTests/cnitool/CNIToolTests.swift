import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// `cnitool` as a user runs it, with plugins that record how they are called.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct CNIToolTests {
    let plugins: RecordingPlugins
    let files: TemporaryDirectory
    let container: TestContainer

    init() throws {
        plugins = try RecordingPlugins()
        files = plugins.directory
        container = try TestContainer()
        try plugins.install("alpha")
        try plugins.install("beta")
        try writeNetwork("mynet", #"{"type":"alpha","z":1.50},{"type":"beta","capabilities":{"mac":true}}"#)
    }

    func writeNetwork(_ name: String, _ plugins: String, version: String = "1.1.0") throws {
        try files.write(
            "net.d/\(name).conflist", #"{"name":"\#(name)","cniVersion":"\#(version)","plugins":[\#(plugins)]}"#)
    }

    /// Runs the tool in a directory, the test's own by default; a nil variable is not set.
    func cnitool(
        _ arguments: String..., variables: [String: String?] = [:], in directory: String? = nil
    ) throws -> PluginOutcome {
        try cnitool(arguments, variables: variables, in: directory)
    }

    func cnitool(
        _ arguments: [String], variables: [String: String?] = [:], in directory: String? = nil
    ) throws -> PluginOutcome {
        let given: [String: String?] = [
            "NETCONFPATH": "\(files.path)/net.d", "CNI_PATH": plugins.path, "CNI_CACHE_DIR": "\(files.path)/cache",
            "CNI_IFNAME": nil, "CNI_ARGS": nil, "CAP_ARGS": nil, "PWD": nil,
        ]
        return try ThisMachine().outcome(
            of: ["sh", "-c", #"cd "$0" && exec "$@""#, directory ?? files.path, "\(Executables.own)/cnitool"]
                + arguments,
            given.merging(variables) { $1 })
    }

    /// The path of a symbolic link to the container's namespace.
    func link(_ name: String) throws -> String {
        let path = "\(files.path)/\(name)"
        try? FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: container.path)
        return path
    }

    var cacheFiles: [String] { files.names(in: "cache/results") }
}

/// What it says about itself.
extension CNIToolTests {
    @Test(arguments: [["--help"], ["-h"], ["add", "--help"]])
    func explainsItself(arguments: [String]) throws {
        let outcome = try cnitool(arguments)
        #expect(outcome.succeeded)
        #expect(outcome.errorOutput.isEmpty)
        for word in [
            "cnitool add [--dry-run] [-i IFNAME] NET NETNS", "cnitool gc [--dry-run] [-v] [--all] NET",
            "cnitool version [NET]",
            "NETCONFPATH", "CNI_PATH",
            "CNI_ARGS", "CAP_ARGS", "CNI_CACHE_DIR", "/etc/cni/net.d", "/opt/cni/bin", "/var/lib/cni", "Examples",
        ] {
            #expect(outcome.output.contains(word))
        }
    }

    @Test func withoutArgumentsTheHelpIsAnError() throws {
        let outcome = try cnitool()
        #expect(outcome.ending == .exited(1))
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorOutput.contains("Examples"))
    }

    struct WrongUse: Sendable {
        var arguments: [String]
        var message: String

        init(_ arguments: String..., message: String) {
            self.arguments = arguments
            self.message = message
        }
    }

    @Test(arguments: [
        WrongUse("ad", "mynet", "/x", message: #"there is no subcommand "ad""#),
        WrongUse("-x", message: "there is no option -x here"),
        WrongUse("add", message: "NET is missing"),
        WrongUse("add", "mynet", message: "NETNS is missing"),
        WrongUse("add", "mynet", "", message: "NETNS is empty"),
        WrongUse("del", "mynet", message: "NETNS is missing"),
        WrongUse("gc", message: "NET is missing"),
        WrongUse("add", "mynet", "/x", "y", message: #""y" is one argument too many"#),
        WrongUse("gc", "mynet", "/x", "y", message: #""y" is one argument too many"#),
        WrongUse("gc", "--all", "mynet", "/x", message: #""/x" is one argument too many"#),
        WrongUse("gc", "--al", "mynet", message: "there is no option --al here"),
        WrongUse("add", "-i", message: "-i needs a value"),
        WrongUse("add", "-i", "a", "--ifname=b", "mynet", "/x", message: "--ifname is given more than once"),
        WrongUse("add", "--netns", "mynet", "/x", message: "there is no option --netns here"),
        WrongUse("version", "mynet", "/x", message: #""/x" is one argument too many"#),
    ])
    func wrongUseIsExplained(use: WrongUse) throws {
        let outcome = try cnitool(use.arguments)
        #expect(outcome.ending == .exited(1))
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorOutput.hasPrefix("cnitool: \(use.message)\n\nusage: cnitool add "))
        #expect(plugins.calls.isEmpty)
    }

    @Test func tellsVersionsOfItselfAndOfThePlugins() throws {
        let alone = try cnitool("version")
        #expect(alone.succeeded)
        #expect(alone.output.hasPrefix("cnitool v"))
        #expect(alone.output.hasSuffix("speaks 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0 1.1.0\n"))

        let network = try cnitool("version", "mynet")
        #expect(network.succeeded)
        #expect(
            network.output == "\(alone.output)alpha speaks 0.4.0 1.0.0 1.1.0\nbeta speaks 0.4.0 1.0.0 1.1.0\n")
    }

    @Test func tellsWhichPluginIsMissingOrTooOld() throws {
        try writeNetwork("broken", #"{"type":"gone"},{"type":"alpha"}"#)
        let broken = try cnitool("version", "broken")
        #expect(broken.ending == .exited(1))
        #expect(broken.output.hasSuffix("\nalpha speaks 0.4.0 1.0.0 1.1.0\n"))
        #expect(
            broken.errorOutput == """
                cnitool: gone: failed to find plugin "gone" in path [\(plugins.path)]; install it in one of these, or \
                name its directory in CNI_PATH

                """)

        try writeNetwork("old", #"{"type":"alpha"}"#, version: "0.3.1")
        let old = try cnitool("version", "old")
        #expect(old.ending == .exited(1))
        #expect(
            old.errorOutput == """
                cnitool: plugin alpha does not support config version "0.3.1"; set "cniVersion" to what all plugins \
                speak, this one 0.4.0 1.0.0 1.1.0

                """)

        try plugins.install("beta", "exit 1")
        let silent = try cnitool("version", "mynet")
        #expect(silent.errorOutput.hasPrefix("cnitool: beta: netplugin failed with no error message"))
    }
}

/// The verbs.
extension CNIToolTests {
    @Test func attachesChecksAndDetaches() throws {
        let add = try cnitool("add", "mynet", container.path)
        #expect(add.succeeded)
        #expect(
            add.output == """
                {
                    "cniVersion": "1.1.0",
                    "ips": [
                        {
                            "address": "10.1.2.3/24"
                        }
                    ]
                }

                """)
        for verb in ["check", "status", "del"] {
            let outcome = try cnitool(verb, "mynet", container.path)
            #expect(outcome.succeeded)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorOutput.isEmpty)
        }
        #expect(
            plugins.callNames == [
                "alpha ADD", "beta ADD", "alpha CHECK", "beta CHECK", "alpha STATUS", "beta STATUS", "beta DEL",
                "alpha DEL",
            ])
        #expect(plugins.calls.first?.input == #"{"type":"alpha","z":1.50,"name":"mynet","cniVersion":"1.1.0"}"#)
        #expect(cacheFiles.isEmpty)
    }

    @Test func passesOnWhatTheEnvironmentSays() throws {
        let add = try cnitool(
            "add", "mynet", container.path,
            variables: [
                "CNI_ARGS": "IgnoreUnknown=1;A=b", "CAP_ARGS": #"{"mac":"02:00:00:00:00:01","ips":[]}"#,
                "CNI_COMMAND": "DEL", "MARKER": "seen",
            ])
        #expect(add.succeeded)
        let call = try #require(plugins.calls.last)
        #expect(call.environment["CNI_COMMAND"] == "ADD")
        #expect(call.environment["CNI_NETNS"] == container.path)
        #expect(call.environment["CNI_IFNAME"] == "eth0")
        #expect(call.environment["CNI_ARGS"] == "IgnoreUnknown=1;A=b")
        #expect(call.environment["CNI_PATH"] == plugins.path)
        #expect(call.environment["MARKER"] == "seen")
        #expect(try call.member("runtimeConfig") == ["mac": "02:00:00:00:00:01"])
        #expect(try plugins.calls.first?.member("runtimeConfig") == nil)
    }

    @Test func theOptionGoesBeforeTheVariableForTheInterface() throws {
        _ = try cnitool("del", "mynet", "/x", variables: ["CNI_IFNAME": "net1"])
        _ = try cnitool("del", "-i", "net2", "mynet", "/x", variables: ["CNI_IFNAME": "net1"])
        _ = try cnitool("del", "mynet", "/x", "--ifname=net3", variables: ["CNI_IFNAME": ""])
        _ = try cnitool("del", "mynet", "/x", variables: ["CNI_IFNAME": ""])
        let names = plugins.calls.filter { $0.plugin == "alpha" }.map { $0.environment["CNI_IFNAME"] }
        #expect(names == ["net1", "net2", "net3", "eth0"])
    }

    @Test func collectsAllThatTheCacheKnowsWhenToldTo() throws {
        for name in ["one", "two"] { #expect(try cnitool("add", "mynet", link(name)).succeeded) }
        let outcome = try cnitool("gc", "--all", "mynet")
        #expect(outcome.succeeded)
        #expect(outcome.output.matches(of: /deleted cnitool-[0-9a-f]{20} eth0\n/).count == 2)
        #expect(cacheFiles.isEmpty)
        let calls = plugins.calls.suffix(6)
        #expect(
            calls.map(\.name) == ["beta DEL", "alpha DEL", "beta DEL", "alpha DEL", "alpha GC", "beta GC"])
        #expect(
            Set(calls.prefix(4).map { $0.environment["CNI_NETNS"] }) == ["\(files.path)/one", "\(files.path)/two"])
        #expect(try calls.last?.member("cni.dev/valid-attachments") == [])
    }

    /// Plugins take away what is not in a list of what is valid, and no list is sure to have all of it.
    @Test(arguments: [["gc", "mynet"], ["gc", "mynet", "/some/where"], ["gc", "-i", "eth1", "-v", "mynet"]])
    func collectsOnlyWhatIsOverAndRunsNoGC(arguments: [String]) throws {
        for name in ["one", "two"] { #expect(try cnitool("add", "mynet", link(name)).succeeded) }
        try FileManager.default.removeItem(atPath: link("one"))
        let outcome = try cnitool(arguments)
        #expect(outcome.succeeded)
        #expect(try outcome.output.contains("deleted \(containerID(of: link("one"))) eth0: \(link("one")) is gone\n"))
        #expect(plugins.callNames.suffix(3) == ["beta ADD", "beta DEL", "alpha DEL"])
        #expect(try plugins.calls.last?.environment["CNI_CONTAINERID"] == containerID(of: link("one")))
        // What is at the path by then is not to be touched.
        #expect(plugins.calls.last?.environment["CNI_NETNS"] == "")
        #expect(try plugins.calls.last?.member("prevResult") != nil)
        #expect(try cacheFiles == ["mynet-\(containerID(of: link("two")))-eth0"])
    }

    @Test func statusOfAnOldListSaysHowLittleItTells() throws {
        try writeNetwork("old", #"{"type":"alpha"}"#, version: "1.0.0")
        let status = try cnitool("status", "old")
        #expect(status.succeeded)
        #expect(status.errorOutput.contains("is of version 1.0.0, and STATUS came with 1.1.0"))
        #expect(plugins.callNames == ["alpha VERSION"])
        try writeNetwork("older", #"{"type":"gone"}"#, version: "1.0.0")
        #expect(try cnitool("status", "older").ending == .exited(1))
    }

    @Test func statusNeedsNoNamespace() throws {
        try plugins.install("beta", #"echo '{"code":50,"msg":"no address is left"}'; exit 1"#)
        let status = try cnitool("status", "mynet")
        #expect(status.ending == .exited(1))
        #expect(
            status.errorOutput == "cnitool: plugin type=\"beta\" failed (status): no address is left\n")
    }

    @Test func aPluginThatWaitsIsToldThatTheToolIsToEnd() throws {
        try plugins.install(
            "beta",
            #"""
            trap 'kill $!; echo "{\"code\":11,\"msg\":\"told\"}"; exit 1' TERM
            sleep 60 > /dev/null 2>&1 &
            kill -TERM $PPID
            wait
            """#)
        let add = try cnitool("add", "mynet", container.path)
        #expect(add.errorOutput == "cnitool: plugin type=\"beta\" failed (add): told\n")
        #expect(plugins.callNames == ["alpha ADD", "beta ADD", "alpha DEL"])
    }

    @Test func interruptedAddUndoesWhatWasDone() throws {
        // The plugin itself goes on, and sends the signal to its parent, which is the tool.
        try plugins.install(
            "beta",
            """
            case $CNI_COMMAND in ADD) trap '' TERM; kill -TERM $PPID; echo '{}' ;; esac
            """)
        let add = try cnitool("add", "mynet", container.path)
        #expect(add.ending == .exited(1))
        #expect(add.output.isEmpty)
        #expect(add.errorOutput.contains("SIGTERM"))
        #expect(plugins.callNames == ["alpha ADD", "beta ADD", "beta DEL", "alpha DEL"])
        #expect(cacheFiles.isEmpty)
    }
}

/// Errors.
extension CNIToolTests {
    @Test func tellsWhichNetworksThereAre() throws {
        try writeNetwork("other", #"{"type":"alpha"}"#)
        let add = try cnitool("add", "mynett", "/x")
        #expect(add.ending == .exited(1))
        #expect(add.output.isEmpty)
        #expect(
            add.errorOutput
                == "cnitool: no net configuration with name \"mynett\" in \(files.path)/net.d; there is \"mynet\", \"other\"\n"
        )
    }

    @Test func tellsWhereANetworkIsToBeConfigured() throws {
        let nowhere = try cnitool("status", "mynet", variables: ["NETCONFPATH": "\(files.path)/none"])
        #expect(
            nowhere.errorOutput == """
                cnitool: no net configurations found in \(files.path)/none; put one there, or name another directory \
                in NETCONFPATH

                """)
    }

    @Test func looksInTheUsualPlacesWithoutVariables() throws {
        let nowhere = try cnitool("add", "surely-missing", "/x", variables: ["NETCONFPATH": nil])
        #expect(nowhere.errorOutput.contains("/etc/cni/net.d"))
        try writeNetwork("broken", #"{"type":"surely-missing"}"#)
        let missing = try cnitool("add", "broken", container.path, variables: ["CNI_PATH": nil])
        #expect(missing.errorOutput.contains("failed to find plugin \"surely-missing\" in path [/opt/cni/bin]; "))
    }

    @Test(arguments: [
        ("CNI_ARGS", "A=B;C", "cnitool: invalid CNI_ARGS pair \"C\"\n"),
        ("CAP_ARGS", "{", "cnitool: CAP_ARGS: line 1, column 2: unexpected end of JSON input\n"),
        ("CAP_ARGS", "[]", "cnitool: CAP_ARGS: expected an object, got []\n"),
        ("CNI_IFNAME", "a/b", "cnitool: interface name contains / or : or whitespace characters\n"),
        ("CNI_IFNAME", "eth%d", "cnitool: interface name contains % or a null character\n"),
    ])
    func refusesBadVariables(name: String, value: String, message: String) throws {
        let add = try cnitool("add", "mynet", container.path, variables: [name: value])
        #expect(add.ending == .exited(1))
        #expect(add.errorOutput == message)
        #expect(plugins.calls.isEmpty)
    }

    @Test func failedAddLeavesNothing() throws {
        try plugins.install("beta", #"echo log >&2; echo '{"code":7,"msg":"no","details":"why"}'; exit 1"#)
        let add = try cnitool("add", "mynet", container.path)
        #expect(add.ending == .exited(1))
        #expect(add.output.isEmpty)
        #expect(add.errorOutput == "log\ncnitool: plugin type=\"beta\" failed (add): no; why\n")
        #expect(plugins.callNames == ["alpha ADD", "beta ADD", "alpha DEL"])
        #expect(cacheFiles.isEmpty)
    }

    @Test func passesOnWhatAPluginLogs() throws {
        try plugins.install("beta", #"echo "two words" >&2; echo '{}'"#)
        let add = try cnitool("add", "mynet", container.path)
        #expect(add.succeeded)
        #expect(add.errorOutput == "two words\n")
    }

    @Test func aLogThatIsAllThereIsBecomesTheError() throws {
        try plugins.install("beta", "echo boom >&2; exit 3")
        let add = try cnitool("status", "mynet")
        #expect(
            add.errorOutput
                == "cnitool: plugin type=\"beta\" failed (status): netplugin failed: \"boom\\n\": exit status 3\n")
    }
}
