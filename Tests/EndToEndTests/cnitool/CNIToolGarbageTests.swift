import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// `cnitool gc` beside attachments of its own and of other runtimes, with `bridge` and `host-local`.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct CNIToolGarbageTests {
    let network: BridgeNetwork
    let container: TestContainer

    init() throws {
        var network = try BridgeNetwork()
        network.version = "1.1.0"
        network.more["ipMasq"] = true
        self.network = network
        container = try TestContainer()
        try writeList()
    }

    private var files: TemporaryDirectory { network.host.directory }
    private var cacheFiles: [String] { files.names(in: "cache/results") }

    private func writeList(version: String = "1.1.0", _ members: JSONObject = [:]) throws {
        var list: JSONObject = [
            "cniVersion": .string(version), "name": .string(network.name), "plugins": [network.configuration],
        ]
        for member in members.members { list[member.name] = member.value }
        try files.write("net.d/net1.conflist", JSONValue.object(list).description)
    }

    private func cnitool(_ arguments: String..., plugins: String = Executables.own) throws -> PluginOutcome {
        let child = try network.host.namespace.run { () throws(SystemError) in
            try Subprocess.run(
                "\(Executables.own)/cnitool", arguments,
                environment: ProcessEnvironment.entries(replacing: [
                    "NETCONFPATH": "\(files.path)/net.d", "CNI_PATH": plugins,
                    "CNI_CACHE_DIR": "\(files.path)/cache",
                ]))
        }
        return PluginOutcome(child)
    }

    /// A path of the test's own to a container's namespace.
    private func link(to container: TestContainer) throws -> String {
        let path = "\(files.path)/blue"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: container.path)
        return path
    }

    /// Attaches the container by cnitool, and takes the path of its namespace away; the namespace lives.
    private func addAndUnlink() throws -> String {
        let path = try link(to: container)
        let add = try cnitool("add", "net1", path)
        #expect(add.succeeded, "\(add.errorOutput)")
        try FileManager.default.removeItem(atPath: path)
        return path
    }

    /// Attaches another container as a runtime that keeps its results elsewhere.
    private func addByAnother() throws -> (call: PluginCall, container: TestContainer) {
        let other = try TestContainer()
        var call = network.call(other, id: "c2")
        call.configuration = network.configuration
        let added = try call.run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        return (call.after(added), other)
    }

    /// Writes what another runtime keeps of its attachment in the same place.
    private func writeResult(id: String, namespacePath: String) throws {
        try files.write(
            "cache/results/net1-\(id)-eth0",
            #"{"kind":"cniCacheV1","containerId":"\#(id)","config":"e30=","ifName":"eth0","networkName":"net1","netns":"\#(namespacePath)","result":{"cniVersion":"1.1.0"}}"#
        )
    }

    @Test func keepsContainersOfRuntimesThatKeepTheirResultsElsewhere() throws {
        let (call, other) = try addByAnother()
        let gc = try cnitool("gc", "-v", "net1")
        #expect(gc.succeeded, "\(gc.errorOutput)")
        #expect(gc.output == "kept c2 eth0 10.1.2.2: cnitool did not attach it; its namespace \(other.path) is there\n")
        let check = try call.run("CHECK", on: network.host)
        #expect(check.succeeded, "\(check.output)")
    }

    @Test(arguments: ["c3", "cnitool-0123456789abcdef0123"])
    func keepsWhatOthersHaveInTheCacheAlsoWhenItIsOver(id: String) throws {
        try writeResult(id: id, namespacePath: "/run/netns/gone")
        let gc = try cnitool("gc", "-v", "net1")
        #expect(gc.output == "kept \(id) eth0: cnitool did not attach it; its namespace /run/netns/gone is gone\n")
        #expect(cacheFiles == ["net1-\(id)-eth0"])
    }

    @Test func keepsWhatIsAlive() throws {
        let path = try link(to: container)
        #expect(try cnitool("add", "net1", path).succeeded)
        let gc = try cnitool("gc", "-v", "net1")
        #expect(gc.output.hasSuffix(" eth0 10.1.2.2: \(path) is there\n"))
        #expect(try cnitool("check", "net1", path).succeeded)
    }

    /// As when a process has ended by whose number the namespace was named, and others of the container go on.
    @Test func keepsWhatAnInterfaceOfTheHostLeadsTo() throws {
        _ = try addAndUnlink()
        let gc = try cnitool("gc", "-v", "net1")
        #expect(gc.output.contains(/eth0 10\.1\.2\.2: veth[0-9a-f]{8} leads into its namespace\n/))
        #expect(try container.link("eth0") != nil)
        #expect(cacheFiles.count == 1)
    }

    @Test func deletesWhatItAttachedToANamespaceThatIsGone() throws {
        let (call, other) = try addByAnother()
        let path = try addAndUnlink()
        // What the end of a namespace does, without waiting for it.
        try container.run("ip", "link", "delete", "eth0")
        let dry = try cnitool("gc", "--dry-run", "net1")
        #expect(dry.output.contains("would keep c2 eth0 10.1.2.2: "))
        #expect(dry.output.contains("would delete cnitool-"))
        #expect(cacheFiles.count == 1)
        #expect(network.leasedAddresses == ["10.1.2.2", "10.1.2.3"])

        let gc = try cnitool("gc", "net1")
        #expect(gc.succeeded, "\(gc.errorOutput)")
        #expect(gc.output.hasPrefix("deleted cnitool-"))
        #expect(gc.output.hasSuffix(" eth0 10.1.2.3: \(path) is gone\n"))
        #expect(cacheFiles.isEmpty)
        #expect(network.leasedAddresses == ["10.1.2.2"])
        #expect(try !network.host.ruleset().contains("10.1.2.3"))
        #expect(try call.run("CHECK", on: network.host).succeeded)
        #expect(try other.link("eth0") != nil)
        #expect(try cnitool("gc", "net1").output.isEmpty)
    }

    /// As an ADD leaves it that was killed.
    @Test func deletesALeaseThatIsAllThereIs() throws {
        let path = try addAndUnlink()
        try container.run("ip", "link", "delete", "eth0")
        try FileManager.default.removeItem(atPath: "\(files.path)/cache")
        #expect(try cnitool("gc", "net1").output.hasSuffix(" eth0 10.1.2.2: \(path) is gone\n"))
        #expect(network.leasedAddresses.isEmpty)
    }

    @Test func deletesEverythingWhenToldTo() throws {
        let (_, other) = try addByAnother()
        let path = try link(to: container)
        #expect(try cnitool("add", "net1", path).succeeded)
        let dry = try cnitool("gc", "--all", "--dry-run", "net1")
        #expect(
            dry.output.split(separator: "\n").map { $0.prefix(15) } == [
                "would delete c2", "would delete cn", "would have the ",
            ])
        #expect(network.leasedAddresses == ["10.1.2.2", "10.1.2.3"])

        let gc = try cnitool("gc", "--all", "net1")
        #expect(gc.succeeded, "\(gc.errorOutput)")
        #expect(gc.output.hasPrefix("deleted c2 eth0 10.1.2.2\ndeleted cnitool-"))
        for container in [container, other] { #expect(try container.link("eth0") == nil) }
        #expect(try network.isClean())
    }

    @Test func saysThatANetworkWantsNoCollection() throws {
        try writeList(["disableGC": true])
        _ = try addAndUnlink()
        for gc in [try cnitool("gc", "net1"), try cnitool("gc", "--all", "net1")] {
            #expect(gc.succeeded)
            #expect(gc.output.isEmpty)
            #expect(gc.errorOutput == "cnitool: \"net1\" has \"disableGC\", so nothing is collected\n")
        }
        #expect(cacheFiles.count == 1)
    }

    /// Whoever wrote a lease may have written anything.
    @Test func printsNothingThatATerminalWouldObey() throws {
        try files.write("networks/net1/10.1.2.9", "c\u{1b}[2J9\r\neth0")
        let gc = try cnitool("gc", "-v", "net1")
        #expect(gc.output == "kept c?[2J9 eth0 10.1.2.9: cnitool did not attach it\n")
        #expect(try cnitool("leases", "net1").output.contains("c?[2J9"))
    }

    @Test(.enabled(if: Executables.hasReference))
    func seesInterfacesThatTheReferenceMade() throws {
        try writeList(version: "1.0.0")
        let path = try link(to: container)
        let add = try cnitool("add", "net1", path, plugins: Executables.reference)
        #expect(add.succeeded, "\(add.errorOutput)")
        try FileManager.default.removeItem(atPath: path)
        let gc = try cnitool("gc", "-v", "net1", plugins: Executables.reference)
        #expect(gc.output.contains(/eth0 10\.1\.2\.2: veth[0-9a-f]+ leads into its namespace\n/), "\(gc.errorOutput)")
        #expect(cacheFiles.count == 1)
    }
}
