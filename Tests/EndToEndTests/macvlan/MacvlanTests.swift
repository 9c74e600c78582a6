import JSON
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct MacvlanTests {
    var network: InterfaceNetwork
    /// Beside the host, on the link that containers are on as well.
    let router: TestRouter
    let container: TestContainer

    init() throws {
        network = try InterfaceNetwork("macvlan", ["master": "uplink"])
        router = try TestRouter(beside: network.host)
        network.ranges = [[Self.range]]
        network.ipamMore["routes"] = [["dst": "0.0.0.0/0"]]
        container = try TestContainer()
    }

    private static let range: JSONValue = [
        "subnet": "192.0.2.0/24", "rangeStart": "192.0.2.20", "gateway": .string(TestRouter.addresses[0]),
    ]
    private static let range6: JSONValue = [
        "subnet": "2001:db8::/64", "rangeStart": "2001:db8::20", "gateway": .string(TestRouter.addresses[1]),
    ]

    private func isClean() throws -> Bool {
        try network.host.linkNames() == ["lo", "uplink"] && network.leasedAddresses.isEmpty
    }

    private func mode(of container: TestContainer) throws -> String? {
        try container.link("eth0")?["linkinfo"]?.object?["info_data"]?.object?["mode"]?.string
    }

    @Test(arguments: ["bridge", "private", "vepa", "passthru", ""], ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func connectsAndDisconnects(mode: String, version: String) throws {
        network.version = version
        network.ranges = [[Self.range], [Self.range6]]
        network.more["mode"] = .string(mode)
        let added = try network.add(container)
        #expect(added.addresses == ["192.0.2.20/24", "2001:db8::20/64"])
        #expect(added.json.object?["interfaces"]?.array?.count == 1)
        #expect(added.interface(0)?["name"] == "eth0")
        #expect(added.interface(0)?["sandbox"]?.string == container.path)
        #expect(try container.mac() == added.interface(0)?["mac"]?.string)
        #expect(try self.mode(of: container) == (mode.isEmpty ? "bridge" : mode))
        #expect(try container.link("eth0")?["ifalias"] == "cni net1 cid1 eth0")
        for address in TestRouter.addresses { #expect(container.reaches(address), "\(address)") }
        if version >= "0.4.0" {
            let checked = try network.call(container).after(added).run("CHECK", on: network.host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        let deleted = try network.run("DEL", container)
        #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        #expect(try container.linkNames() == ["lo"])
        #expect(try isClean())
        #expect(try network.run("DEL", container).succeeded)
    }

    @Test(arguments: ["", "0.1.0", "0.2.0"])
    mutating func speaksOldVersions(version: String) throws {
        network.version = version
        #expect(try network.add(container).json.object?["ip4"]?.object?["ip"] == "192.0.2.20/24")
        #expect(try network.run("DEL", container).succeeded)
        network.more["ipam"] = [:]
        let refused = try network.run("ADD", container)
        #expect(refused.errorMessage == "cannot convert: no valid IP addresses")
        #expect(try container.linkNames() == ["lo"])
    }

    @Test(arguments: ["0.3.0", "0.4.0", "1.1.0"])
    mutating func connectsOnLayer2Alone(version: String) throws {
        network.version = version
        network.more["ipam"] = version == "1.1.0" ? .null : [:]
        let added = try network.add(container)
        #expect(added.addresses.isEmpty)
        #expect(try container.link("eth0")?["operstate"] == "UP")
        if version >= "0.4.0" {
            #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
        }
        #expect(try network.run("DEL", container).succeeded)
        #expect(try isClean())
    }

    struct Reach: CustomTestStringConvertible, Sendable {
        var mode: String
        var reachesOthers: Bool

        var testDescription: String { mode }
    }

    @Test(arguments: [Reach(mode: "bridge", reachesOthers: true), Reach(mode: "private", reachesOthers: false)])
    mutating func aModeSaysWhomContainersOfAMasterReach(test: Reach) throws {
        network.more["mode"] = .string(test.mode)
        let other = try TestContainer()
        try network.add(container)
        try network.add(other, id: "cid2")
        try other.noteSenders()
        try container.ask("192.0.2.21")
        #expect(container.reaches("192.0.2.9") && other.reaches("192.0.2.9"))
        #expect(try other.senders().contains(container.mac()) == test.reachesOthers)
        #expect(container.reaches("192.0.2.21", within: test.reachesOthers ? 10 : 1) == test.reachesOthers)
    }

    @Test mutating func passthruHasRoomForOne() throws {
        network.more["mode"] = "passthru"
        try network.add(container)
        let other = try TestContainer()
        let refused = try network.run("ADD", other, id: "cid2")
        #expect(!refused.succeeded)
        #expect(try other.linkNames() == ["lo"])
        #expect(network.leasedAddresses == ["192.0.2.20"])
        #expect(container.reaches("192.0.2.9"))
    }

    @Test(arguments: ["192.0.2.9", "2001:db8::9"])
    mutating func findsTheMasterByTheDefaultRoute(gateway: String) throws {
        network.more["master"] = nil
        let refused = try network.run("ADD", container)
        #expect(refused.errorMessage == "no default route interface found on the host")
        #expect(refused.errorCode == 7)
        try network.host.namespace.shell(
            """
            ip link add other type veth peer name otherpeer
            ip link set other up
            ip route add default via 203.0.113.1 dev other onlink metric 500
            ip route add default via \(gateway.contains(":") ? "inet6 " : "")\(gateway) dev uplink
            """)
        if gateway.contains(":") { try network.host.run("ip", "route", "del", "default", "dev", "other") }
        let added = try network.add(container)
        #expect(container.reaches("192.0.2.9"))
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
        // Neither CHECK nor DEL need it afterwards.
        try network.host.run("ip", "route", "flush", "default")
        try network.host.run("ip", "-6", "route", "flush", "default")
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
        #expect(try network.run("DEL", container).succeeded)
        #expect(try container.linkNames() == ["lo"])
        #expect(network.leasedAddresses.isEmpty)
    }

    @Test mutating func theMasterCanBeInTheContainer() throws {
        network.more["linkInContainer"] = true
        network.more["master"] = "inside"
        let missing = try network.run("ADD", container)
        #expect(missing.errorMessage == "failed to lookup master \"inside\": Link not found in the container")
        try container.namespace.shell(
            "ip link add inside type veth peer name peer; ip link set inside up; ip link set peer up")
        let added = try network.add(container)
        #expect(try container.linkNames() == ["eth0", "inside", "lo", "peer"])
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
        #expect(try network.run("DEL", container).succeeded)
        #expect(try container.linkNames() == ["inside", "lo", "peer"])
        #expect(try isClean())

        network.more["master"] = nil
        try container.run("ip", "route", "add", "default", "dev", "inside")
        try network.add(container)
        #expect(try container.run("ip", "link", "show", "eth0").contains("eth0@inside"))
    }

    /// A kernel before 6.15 takes a name that the host has for one that the container has.
    @Test func theHostMayHaveAnInterfaceOfTheSameName() throws {
        try network.host.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
        try network.add(container)
        #expect(container.reaches("192.0.2.9"))
        #expect(try network.run("DEL", container).succeeded)
        #expect(try network.host.linkNames() == ["eth0", "eth1", "lo", "uplink"])
    }

    struct MACSource: Sendable {
        var more: JSONObject
        var arguments: String?
        var mac: String
    }

    @Test(arguments: [
        MACSource(more: ["mac": "02:00:00:00:00:01"], mac: "02:00:00:00:00:01"),
        MACSource(
            more: ["mac": "02:00:00:00:00:01"], arguments: "MAC=02:00:00:00:00:02;IgnoreUnknown=1",
            mac: "02:00:00:00:00:02"),
        MACSource(
            more: ["mac": "02:00:00:00:00:01", "runtimeConfig": ["mac": "02:00:00:00:00:03"]],
            arguments: "IgnoreUnknown=1;MAC=02:00:00:00:00:02", mac: "02:00:00:00:00:03"),
    ])
    mutating func takesTheMACFromTheNearestSource(source: MACSource) throws {
        for member in source.more.members { network.more[member.name] = member.value }
        var call = network.call(container)
        call.arguments = source.arguments
        let added = try call.run("ADD", on: network.host)
        #expect(added.interface(0)?["mac"]?.string == source.mac, "\(added.output)")
        #expect(try container.mac() == source.mac)
        #expect(try call.after(added).run("CHECK", on: network.host).succeeded)
    }

    struct BadOption: Sendable {
        var more: JSONObject
        var message: String
    }

    @Test(arguments: [
        BadOption(more: ["mode": "fast"], message: "unknown macvlan mode: \"fast\""),
        BadOption(more: ["master": "zz"], message: "failed to lookup master \"zz\": Link not found on the host"),
        BadOption(more: ["mtu": 9000], message: "invalid MTU 9000, must be [0, master MTU(1500)]"),
        BadOption(more: ["mtu": -100], message: "invalid MTU -100, must be [0, master MTU(1500)]"),
        BadOption(more: ["mac": "zz"], message: "mac: expected a MAC address"),
        BadOption(more: ["mac": "01:00:5e:00:00:01"], message: "MAC address 01:00:5e:00:00:01 is not one"),
        BadOption(more: ["bcqueuelen": -1], message: "bcqueuelen: expected an integer from 0"),
        BadOption(more: ["ipam": ["type": "no-such-plugin"]], message: "failed to find plugin \"no-such-plugin\""),
    ])
    mutating func refusesBadOptionsAndDeletesWithThem(option: BadOption) throws {
        try network.add(container)
        let valid = network
        for member in option.more.members { network.more[member.name] = member.value }
        let other = try TestContainer()
        let added = try network.run("ADD", other, id: "cid2")
        #expect(added.errorCode == 7)
        #expect(added.errorMessage?.hasPrefix(option.message) == true, "\(added.output)")
        #expect(try other.linkNames() == ["lo"])
        #expect(network.leasedAddresses == ["192.0.2.20"])
        _ = try network.run("DEL", container)
        #expect(try container.linkNames() == ["lo"])
        #expect(try valid.run("DEL", container).succeeded)
        #expect(try isClean())
    }

    @Test mutating func takesTheMTUAndTheQueueLength() throws {
        network.more["mtu"] = 1400
        network.more["bcqueuelen"] = 200
        let added = try network.add(container)
        let link = try container.link("eth0")
        #expect(link?["mtu"] == 1400)
        #expect(link?["linkinfo"]?.object?["info_data"]?.object?["bcqueuelen"] == 200)
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
    }

    @Test(arguments: [
        ("ip link set eth0 address 02:00:00:00:00:55", "Interface eth0 Mac doesn't match"),
        ("ip link set eth0 down", "Interface eth0 is down"),
        ("ip address flush dev eth0", "Failed to match addr 192.0.2.20/24 on interface eth0"),
        ("ip route del default", "Expected Route 0.0.0.0/0 not found in routing table"),
        ("ip link del eth0", "Interface eth0 not found"),
        ("ip link del eth0; ip link add eth0 type veth", "Container interface eth0 not of type macvlan"),
        (
            "ip link set eth0 type macvlan mode private",
            "container macvlan mode private does not match expected value: bridge"
        ),
        ("ip link set eth0 mtu 1300", "Interface eth0 configured MTU 1400 doesn't match current state: 1300"),
    ])
    mutating func checkNamesWhatIsDifferent(command: String, message: String) throws {
        network.more["mtu"] = 1400
        let added = try network.add(container)
        try container.namespace.shell(command)
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.errorMessage?.contains(message) == true, "\(checked.output)")
    }

    @Test mutating func checkNamesAnotherMaster() throws {
        let added = try network.add(container)
        network.more["master"] = "lo"
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.errorMessage == "Interface eth0 is not on master lo")
    }

    @Test mutating func statusSaysWhetherTheMasterIsThereAndUp() throws {
        #expect(try network.run("STATUS", nil).succeeded)
        try network.host.run("ip", "link", "set", "uplink", "down")
        let down = try network.run("STATUS", nil)
        #expect(down.errorCode == 51 && down.errorMessage == "the master, uplink, is down")
        network.more["master"] = "zz"
        let missing = try network.run("STATUS", nil)
        #expect(missing.errorCode == 50, "\(missing.output)")
        network.more["linkInContainer"] = true
        #expect(try network.run("STATUS", nil).succeeded)
        network.more["mode"] = "zz"
        #expect(try network.run("STATUS", nil).errorCode == 50)
    }

    /// An ADD that is over by then frees its address without its namespace.
    @Test func deleteNeedsNeitherMasterNorNamespace() throws {
        try network.add(container)
        try network.host.run("ip", "link", "del", "uplink")
        #expect(try container.linkNames() == ["lo"])
        #expect(try network.run("DEL", nil).succeeded)
        #expect(network.leasedAddresses.isEmpty)
    }

    /// The path of a container that is gone may lead to another by now.
    @Test func deleteLeavesAnotherContainersInterface() throws {
        try network.add(container)
        #expect(try network.run("DEL", container, id: "cid0").succeeded)
        #expect(container.reaches("192.0.2.9"))
        #expect(network.leasedAddresses == ["192.0.2.20"])
    }

    @Test func deleteLeavesWhatIsNoMacvlan() throws {
        try container.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "peer")
        #expect(try network.run("DEL", container).succeeded)
        #expect(try container.linkNames() == ["eth0", "lo", "peer"])
    }

    @Test func neighboursForgetWhoHadTheAddressBefore() throws {
        let address = "192.0.2.20"
        try router.machine.run(
            "ip", "neighbour", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "reachable")
        // What is announced while the link below comes up is lost.
        #expect(router.machine.reaches(TestRouter.hostAddresses[0]))
        try network.add(container)
        // What is held for reachable is asked for again after half a minute.
        #expect(router.machine.reaches(address))
    }

    @Test mutating func garbageCollectionFreesAddresses() throws {
        try network.add(container)
        var call = network.call(nil)
        call.configuration = network.configuration(keeping: [])
        #expect(try call.run("GC", on: network.host).succeeded)
        #expect(network.leasedAddresses.isEmpty)
    }
}
