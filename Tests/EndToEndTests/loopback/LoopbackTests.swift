import JSON
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct LoopbackTests {
    let host: TestHost
    let container: TestContainer

    init() throws {
        host = try TestHost()
        container = try TestContainer()
    }

    private func call(_ version: String) -> PluginCall {
        var call = PluginCall(
            "loopback", ["cniVersion": .string(version), "name": "n", "type": "loopback"], in: container)
        call.interfaceName = "eth5"
        return call
    }

    private func isUp() throws -> Bool {
        try container.link("lo")?["flags"]?.array?.contains("UP") == true
    }

    @Test(arguments: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    func bringsLoopbackUpAndDown(version: String) throws {
        let added = try call(version).run("ADD", on: host)
        #expect(added.succeeded, "\(added.output)")
        #expect(try isUp())
        #expect(added.json.object?["cniVersion"]?.string == version)
        #expect(added.addresses == ["127.0.0.1/8", "::1/128"])
        let interface = added.json.object?["interfaces"]?.array?.first?.object
        #expect(interface?["name"] == "lo")
        #expect(interface?["mac"] == "00:00:00:00:00:00")
        #expect(interface?["sandbox"]?.string == container.path)
        // Old versions get a document of their own form, which the reference only labels so.
        let entry = added.json.object?["ips"]?.array?.first?.object
        #expect((entry?["version"] == "4") == (version < "1"))
        #expect((added.json.object?["dns"] != nil) == (version < "1"))

        let deleted = try call(version).run("DEL", on: host)
        #expect(deleted.succeeded && deleted.output.isEmpty)
        #expect(try !isUp())
    }

    @Test(arguments: ["", "0.1.0", "0.2.0"])
    func speaksOldVersions(version: String) throws {
        let added = try call(version).run("ADD", on: host)
        #expect(added.json.object?["cniVersion"]?.string == (version.isEmpty ? "0.1.0" : version))
        #expect(added.json.object?["ip4"]?.object?["ip"] == "127.0.0.1/8")
        #expect(added.json.object?["ip6"]?.object?["ip"] == "::1/128")
    }

    @Test func passesAPreviousResultOn() throws {
        let previous: JSONValue = [
            "cniVersion": "1.0.0", "interfaces": [["name": "eth0", "sandbox": "/x"]],
            "ips": [["address": "10.0.0.2/24", "interface": 0]],
        ]
        var call = call("1.0.0")
        call.configuration = [
            "cniVersion": "1.0.0", "name": "n", "type": "loopback", "prevResult": previous,
        ]
        #expect(try call.run("ADD", on: host).json.sorted == previous.sorted)
        #expect(try isUp())
    }

    @Test func refusesForeignAddresses() throws {
        try container.run("ip", "address", "add", "10.5.5.5/32", "dev", "lo")
        let added = try call("1.0.0").run("ADD", on: host)
        #expect(added.errorMessage == "loopback interface found with non-loopback address \"10.5.5.5/32\"")
    }

    @Test func checksThatLoopbackIsUp() throws {
        #expect(try call("1.0.0").run("CHECK", on: host).errorMessage == "loopback interface is down")
        _ = try call("1.0.0").run("ADD", on: host)
        #expect(try call("1.0.0").run("CHECK", on: host).succeeded)
    }

    @Test(arguments: [nil, "/nowhere/at/all", "/etc/passwd"])
    func deletingWithoutANamespaceSucceeds(path: String?) throws {
        var call = call("1.0.0")
        call.namespacePath = path
        #expect(try call.run("DEL", on: host).succeeded)
    }

    @Test func addingWithoutANamespaceIsAnError() throws {
        var call = call("1.0.0")
        call.namespacePath = "/nowhere/at/all"
        let missing = try call.run("ADD", on: host)
        #expect(missing.errorCode == 8)
        #expect(missing.errorMessage == "failed to open netns \"/nowhere/at/all\": No such file or directory")
        call.namespacePath = "/etc/passwd"
        #expect(try call.run("ADD", on: host).errorMessage == "failed to open netns \"/etc/passwd\": not a namespace")
        call.namespacePath = "/proc/self/ns/mnt"
        let other = try call.run("ADD", on: host)
        #expect(other.errorCode == 8)
        #expect(other.errorMessage == "failed to open netns \"/proc/self/ns/mnt\": a namespace of another kind")
    }
}
