import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Attachments that were there before, and interfaces that are somebody else's.
extension CNIToolTests {
    private func makeInterface(_ name: String = "eth0", mac: String = "02:00:00:00:00:01") throws {
        try container.run("ip", "link", "add", name, "address", mac, "type", "veth", "peer", "name", "\(name)peer")
    }

    /// Lets a plugin tell of the container's interface.
    private func install(_ plugin: String, telling mac: String) throws {
        try plugins.install(
            plugin,
            #"""
            case $CNI_COMMAND in ADD)
                echo '{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","mac":"\#(mac)","sandbox":"/x"}]}' ;;
            esac
            """#)
    }

    @Test func deletesNoInterfaceThatItDidNotAttach() throws {
        try makeInterface()
        let delete = try cnitool("del", "mynet", container.path)
        #expect(delete.ending == .exited(1))
        #expect(
            delete.errorOutput == """
                cnitool: eth0 in \(container.path) stays: nothing is kept of an add that made it; \
                "nsenter --net=\(container.path) ip link delete eth0" deletes it whoever made it

                """)
        #expect(plugins.callNames == ["beta DEL", "alpha DEL"])
        #expect(plugins.calls.allSatisfy { $0.environment["CNI_NETNS"] == "" })
        #expect(try container.link("eth0") != nil)
    }

    /// A process's number and so the path of its namespace may be another's by now.
    @Test func deletesNoInterfaceThatIsAnotherThanAddTold() throws {
        try install("beta", telling: "02:00:00:00:00:01")
        #expect(try cnitool("add", "mynet", container.path).succeeded)
        try makeInterface(mac: "02:00:00:00:00:02")
        #expect(try cnitool("del", "mynet", container.path).succeeded)
        #expect(plugins.calls.last?.environment["CNI_NETNS"] == "")
        #expect(cacheFiles.isEmpty)

        #expect(try cnitool("add", "-i", "eth1", "mynet", container.path).succeeded)
        try makeInterface("eth1")
        #expect(try cnitool("del", "-i", "eth1", "mynet", container.path).succeeded)
        #expect(plugins.calls.last?.environment["CNI_NETNS"] == container.path)
    }

    @Test func undoingSparesAnInterfaceThatWasThereBefore() throws {
        try makeInterface()
        try plugins.install("beta", "test $CNI_COMMAND = DEL || kill -9 $$")
        let add = try cnitool("add", "mynet", container.path)
        #expect(add.ending == .exited(1))
        #expect(add.errorOutput.hasSuffix("had eth0 before, which cnitool did not make; \"-i OTHER\" names another\n"))
        #expect(plugins.callNames == ["alpha ADD", "beta ADD", "beta DEL", "alpha DEL"])
        #expect(plugins.calls.suffix(2).allSatisfy { $0.environment["CNI_NETNS"] == "" })
    }

    @Test func saysThatANamespaceIsAttachedAlready() throws {
        try install("beta", telling: "02:00:00:00:00:01")
        #expect(try cnitool("add", "mynet", container.path).succeeded)
        try makeInterface()
        let again = try cnitool("add", "mynet", container.path)
        #expect(again.ending == .exited(1))
        #expect(
            again.errorOutput.contains(#"is attached to "mynet" already: it has eth0; "cnitool del -i eth0 mynet "#))
        #expect(plugins.callNames == ["alpha ADD", "beta ADD"])
    }

    /// As after a reboot: the result is kept, and the namespace is a new one.
    @Test func attachesANamespaceThatWasMadeAnew() throws {
        #expect(
            try cnitool(
                "add", "mynet", container.path, variables: ["CAP_ARGS": #"{"mac":"02:00:00:00:00:01"}"#]
            ).succeeded)
        let again = try cnitool("add", "mynet", container.path)
        #expect(again.succeeded)
        #expect(again.errorOutput.contains("what is left of an earlier attachment of \(container.path)"))
        #expect(
            plugins.callNames == ["alpha ADD", "beta ADD", "beta DEL", "alpha DEL", "alpha ADD", "beta ADD"])
        let deletion = try #require(plugins.calls.first { $0.name == "beta DEL" })
        #expect(deletion.environment["CNI_NETNS"] == "")
        #expect(try deletion.member("runtimeConfig") == ["mac": "02:00:00:00:00:01"])
        #expect(try plugins.calls.last?.member("runtimeConfig") == nil)
    }

    /// As the specification asks of a runtime.
    @Test func checksAndDeletesWithWhatAddWasTold() throws {
        let variables = ["CAP_ARGS": #"{"mac":"02:00:00:00:00:01"}"#, "CNI_ARGS": "IgnoreUnknown=1;A=b"]
        #expect(try cnitool("add", "mynet", container.path, variables: variables).succeeded)
        for verb in ["check", "del"] {
            #expect(try cnitool(verb, "mynet", container.path, variables: ["CNI_ARGS": ""]).succeeded)
            let call = try #require(plugins.calls.last { $0.plugin == "beta" })
            #expect(try call.member("runtimeConfig") == ["mac": "02:00:00:00:00:01"])
            #expect(call.environment["CNI_ARGS"] == "IgnoreUnknown=1;A=b")
        }
        #expect(try cnitool("add", "mynet", container.path, variables: variables).succeeded)
        #expect(try cnitool("del", "mynet", container.path, variables: ["CNI_ARGS": "A=c"]).succeeded)
        #expect(plugins.calls.last?.environment["CNI_ARGS"] == "A=c")
    }

    /// Some plugins remove rules by address alone.
    @Test func tellsNoAddressThatIsAnothersByNow() throws {
        let ipam = #""ipam":{"type":"host-local","dataDir":"\#(files.path)/networks"}"#
        try writeNetwork("mynet", #"{"type":"alpha",\#(ipam)}"#)
        for owner in ["c9\r\neth0", "\(try containerID(of: container.path))\r\neth0"] {
            #expect(try cnitool("add", "mynet", container.path).succeeded)
            try files.write("networks/mynet/10.1.2.3", owner)
            #expect(try cnitool("del", "mynet", container.path).succeeded)
            #expect(try (plugins.calls.last?.member("prevResult") == nil) == owner.hasPrefix("c9"))
        }
    }

    @Test func checkWithoutAnAddSaysWhatComesFirst() throws {
        try plugins.install("beta", #"echo '{"code":7,"msg":"no prevResult"}'; exit 1"#)
        let check = try cnitool("check", "mynet", container.path)
        #expect(check.ending == .exited(1))
        #expect(check.errorOutput.contains("no prevResult"))
        #expect(check.errorOutput.contains("\"cnitool add\" comes first"))
    }

    @Test func aPipeInThePlaceOfAResultIsNotWaitedFor() throws {
        try files.makePipe("cache/results/mynet-\(containerID(of: container.path))-eth0")
        #expect(try cnitool("gc", "--all", "mynet").succeeded)
        #expect(try cnitool("check", "mynet", container.path).errorOutput.contains("not a regular file"))
        #expect(try cnitool("del", "mynet", container.path).succeeded)
    }
}
