import JSON
import LinuxSystem
import TestSupport
import Testing

private let areTapsHere = (try? ThisMachine().run("test", "-c", "/dev/net/tun")) != nil

@Suite(.enabled(if: Executables.canCreateNamespaces && areTapsHere))
struct TapTests {
    var network: InterfaceNetwork
    let container: TestContainer

    init() throws {
        network = try InterfaceNetwork("tap", ["owner": 0, "group": 0])
        container = try TestContainer()
    }

    private func data() throws -> JSONObject? {
        try container.link("eth0")?["linkinfo"]?.object?["info_data"]?.object
    }

    private func isClean() throws -> Bool {
        try container.linkNames() == ["lo"] && network.leasedAddresses.isEmpty && network.host.linkNames() == ["lo"]
    }

    @Test(
        arguments: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"], [[:], ["owner": nil, "group": nil]] as [JSONObject])
    mutating func connectsAndDisconnects(version: String, more: JSONObject) throws {
        network.version = version
        network.ranges = InterfaceNetwork.dualStack
        for member in more.members { network.more[member.name] = member.value }
        let added = try network.add(container)
        #expect(added.addresses == ["10.1.2.2/24", "fd00:1::2/64"])
        #expect(try added.interface(0)?["mac"]?.string == container.mac())
        #expect(try container.link("eth0")?["linkinfo"]?.object?["info_kind"] == "tun")
        let data = try data()
        #expect(data?["type"] == "tap" && data?["pi"] == false && data?["persist"] == true)
        #expect(try container.run("ip", "-o", "address", "show", "eth0").contains("10.1.2.2/24"))
        if version >= "0.4.0" {
            let checked = try network.call(container).after(added).run("CHECK", on: network.host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        #expect(try network.run("DEL", container).succeeded)
        #expect(try network.run("DEL", container).succeeded)
        #expect(try isClean())
    }

    @Test(arguments: ["", "0.1.0", "0.2.0"])
    mutating func speaksOldVersions(version: String) throws {
        network.version = version
        #expect(try network.add(container).json.object?["ip4"]?.object?["ip"] == "10.1.2.2/24")
        network.more["ipam"] = [:]
        let other = try TestContainer()
        let refused = try network.run("ADD", other, id: "cid2")
        #expect(refused.errorMessage == "cannot convert: no valid IP addresses")
        // The reference leaves the interface.
        #expect(try other.linkNames() == ["lo"])
    }

    /// The reference ignores MTU and MAC address of a tap with owner and group.
    @Test mutating func isAsItsOptionsSay() throws {
        for member in (["owner": 7, "group": 8, "multiQueue": true, "mtu": 1400] as JSONObject).members {
            network.more[member.name] = member.value
        }
        network.more["mac"] = "02:00:00:00:00:05"
        network.more["ipam"] = .null
        let added = try network.add(container)
        #expect(added.interface(0)?["mac"] == "02:00:00:00:00:05")
        #expect(try container.link("eth0")?["mtu"] == 1400)
        #expect(try container.mac() == "02:00:00:00:00:05")
        #expect(try data()?["multi_queue"] == true)
        let shown = try container.run("ip", "-d", "link", "show", "eth0")
        #expect(shown.contains(/user \S+ group \S+/), "\(shown)")
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
        #expect(try network.run("DEL", container).succeeded)
        #expect(try isClean())
    }

    @Test mutating func canBeAPortOfABridgeInTheContainer() throws {
        network.more["bridge"] = "br1"
        network.more["ipam"] = .null
        let refused = try network.run("ADD", container)
        #expect(refused.errorMessage == "failed to get bridge br1: Link not found in the container")
        #expect(try isClean())
        try container.namespace.shell("ip link add br1 type bridge; ip link set br1 up")
        let added = try network.add(container)
        #expect(try container.link("eth0")?["master"] == "br1")
        let call = network.call(container).after(added)
        #expect(try call.run("CHECK", on: network.host).succeeded)
        try container.run("ip", "link", "set", "eth0", "nomaster")
        #expect(try call.run("CHECK", on: network.host).errorMessage == "Interface eth0 is no port of br1")
    }

    /// The reference says that it has succeeded, and leaves another tap for ever.
    @Test func aNameThatIsTakenIsAnError() throws {
        try container.run("ip", "tuntap", "add", "name", "eth0", "mode", "tap")
        let added = try network.run("ADD", container)
        #expect(added.errorMessage?.hasPrefix("create interface eth0: File exists") == true, "\(added.output)")
        #expect(try container.linkNames() == ["eth0", "lo"])
        #expect(network.leasedAddresses.isEmpty)
    }

    struct BadOption: Sendable {
        var more: JSONObject
        var code = 7
        var message: String
    }

    @Test(arguments: [
        BadOption(more: ["owner": -1], message: "owner: expected an integer from 0"),
        BadOption(more: ["mac": "zz"], message: "mac: expected a MAC address"),
        BadOption(more: ["mtu": 10], message: "mtu: expected a number from 68"),
        BadOption(
            more: ["selinuxContext": "system_u:system_r:container_t:s0"], code: 2,
            message: "selinuxContext: the tap has the context of the container runtime"),
    ])
    mutating func refusesBadOptionsAndDeletesWithThem(option: BadOption) throws {
        try network.add(container)
        for member in option.more.members { network.more[member.name] = member.value }
        let other = try TestContainer()
        let added = try network.run("ADD", other, id: "cid2")
        #expect(added.errorCode == option.code)
        #expect(added.errorMessage?.hasPrefix(option.message) == true, "\(added.output)")
        #expect(try other.linkNames() == ["lo"])
        #expect(try network.run("DEL", container).succeeded)
        #expect(try isClean())
    }

    @Test func checkNamesAnotherKind() throws {
        let added = try network.add(container)
        try container.namespace.shell("ip link del eth0; ip link add eth0 type veth peer name other")
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.errorMessage == "Error: Container interface eth0 not of type tun")
        #expect(try network.run("DEL", container).succeeded)
        #expect(try container.linkNames() == ["eth0", "lo", "other"])
    }

    @Test func statusSeesWhetherThereCanBeTaps() throws {
        #expect(try network.run("STATUS", nil).succeeded)
        var call = network.call(nil)
        call.launcher = [
            "unshare", "-m", "--propagation", "private", "sh", "-c", #"mount -t tmpfs none /dev/net && exec "$@""#,
            "sh",
        ]
        call.launcher[0] = try #require(Executables.find("unshare"))
        let outcome = try call.run("STATUS", on: network.host)
        #expect(outcome.errorCode == 50, "\(outcome.output)")
    }
}
