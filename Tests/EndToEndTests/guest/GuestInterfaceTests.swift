import JSON
import TestSupport
import Testing

/// Interface plugins whose links this machine's kernel may lack, on Debian's.
@Suite(
    .enabled(if: Guest.isAvailable), .guest(with: "dummy", "ipvlan", "vlan", "vrf", "host-local"), .serialized)
struct GuestInterfaceTests {
    /// Those that are tried here, with the networks on their pages.
    static let plugins = ["dummy", "ipvlan", "vlan", "vrf"]

    let host: GuestNamespace
    let container: GuestNamespace
    /// Beside the host, at the other end of its `uplink`.
    let router: GuestNamespace

    init() throws {
        host = try GuestNamespace()
        container = try GuestNamespace()
        router = try GuestNamespace()
        try host.shell(
            """
            ip link add uplink type veth peer name eth0 netns \(router.path)
            ip address add 10.1.2.1/24 dev uplink
            ip link set uplink up
            """)
        try router.shell(
            """
            ip address add 10.1.2.9/24 dev eth0
            ip address add fd00:1::9/64 dev eth0 nodad
            ip link set eth0 up
            """)
    }

    private func network(_ plugin: String, _ more: JSONObject) throws -> InterfaceNetwork {
        var network = try InterfaceNetwork(plugin, more)
        network.ranges = [
            [["subnet": "10.1.2.0/24", "rangeStart": "10.1.2.20", "gateway": "10.1.2.9"]],
            [["subnet": "fd00:1::/64", "rangeStart": "fd00:1::20", "gateway": "fd00:1::9"]],
        ]
        return network
    }

    private func call(_ network: InterfaceNetwork, _ container: GuestNamespace?, id: String = "cid1") -> PluginCall {
        var call = network.call(nil, id: id)
        call.namespacePath = container?.path
        return call
    }

    private func add(
        _ network: InterfaceNetwork, _ container: GuestNamespace? = nil, id: String = "cid1"
    ) throws -> PluginOutcome {
        let added = try call(network, container ?? self.container, id: id).run("ADD", on: host)
        try #require(added.succeeded, "\(added.output)\(added.errorOutput)")
        return added
    }

    private func check(_ network: InterfaceNetwork, after added: PluginOutcome) throws -> PluginOutcome {
        try call(network, container).after(added).run("CHECK", on: host)
    }

    /// DEL, twice, after which nothing is left.
    private func expectDeletes(_ network: InterfaceNetwork, leaving links: [String] = ["lo"]) throws {
        for _ in 1...2 {
            let deleted = try call(network, container).run("DEL", on: host)
            #expect(deleted.succeeded, "\(deleted.output)")
        }
        #expect(try container.linkNames() == links)
        #expect(try leases(network).isEmpty)
    }

    private func leases(_ network: InterfaceNetwork) throws -> String {
        try host.shell("cd \(network.leases)/\(network.name) 2>/dev/null && ls | grep -E '^[0-9a-f]+[.:]' || true")
    }

    private func detail(_ name: String, of link: String = "eth0") throws -> JSONValue? {
        try container.link(link)?["linkinfo"]?.object?["info_data"]?.object?[name]
    }

    // MARK: ipvlan

    @Test(arguments: ["l2", "l3", "l3s"], ["0.3.1", "1.1.0"])
    func ipvlanConnectsAndDisconnects(mode: String, version: String) throws {
        var network = try network("ipvlan", ["master": "uplink", "mode": .string(mode), "mtu": 1400])
        network.version = version
        let added = try add(network)
        #expect(added.addresses == ["10.1.2.20/24", "fd00:1::20/64"])
        #expect(try added.interface(0)?["mac"]?.string == host.mac(of: "uplink"))
        #expect(try detail("mode")?.string == mode)
        #expect(try container.link("eth0")?["mtu"] == 1400)
        if mode == "l2" {
            #expect(try container.reaches("10.1.2.9"))
            #expect(try container.reaches("fd00:1::9"))
        }
        if version == "1.1.0" {
            let checked = try check(network, after: added)
            #expect(checked.succeeded, "\(checked.output)")
            let other = mode == "l2" ? "l3" : "l2"
            try container.run("ip", "link", "set", "eth0", "type", "ipvlan", "mode", other)
            let message = try check(network, after: added).errorMessage
            #expect(
                message?.hasPrefix("Container IPVlan mode \(other) does not match expected value: \(mode)") == true,
                "\(message ?? "")")
        }
        // Neither the master nor a valid configuration is needed.
        network.more["master"] = "zz"
        network.more["mode"] = "zz"
        try expectDeletes(network)
    }

    @Test func ipvlanFindsItsMasterByTheDefaultRouteOrInAChain() throws {
        var network = try network("ipvlan", [:])
        let refused = try call(network, container).run("ADD", on: host)
        #expect(refused.errorMessage == "no default route interface found on the host")
        try host.run("ip", "route", "add", "default", "via", "10.1.2.9")
        let added = try add(network)
        try host.run("ip", "route", "del", "default")
        #expect(try check(network, after: added).succeeded)
        try expectDeletes(network)

        network.more = [
            "ipam": nil,
            "prevResult": [
                "cniVersion": "1.1.0", "interfaces": [["name": "uplink"]],
                "ips": [["address": "10.1.2.2/24", "gateway": "10.1.2.9", "interface": 0]],
                "routes": [["dst": "0.0.0.0/0"]],
            ],
        ]
        let chained = try add(network)
        #expect(chained.addresses == ["10.1.2.2/24"])
        #expect(chained.json.object?["interfaces"]?.array?.count == 1)
        #expect(chained.interface(0)?["name"] == "eth0")
        #expect(try container.reaches("10.1.2.9"))
        #expect(try container.run("ip", "route", "show", "default").hasPrefix("default via 10.1.2.9"))
        #expect(try check(network, after: chained).succeeded)
        #expect(try call(network, container).run("DEL", on: host).succeeded)

        network.more["prevResult"] = ["cniVersion": "1.1.0", "interfaces": [["name": "uplink"], ["name": "lo"]]]
        let ambiguous = try call(network, container).run("ADD", on: host)
        #expect(
            ambiguous.errorMessage == "chained master failure. PrevResult lacks a single named interface",
            "\(ambiguous.output)")
    }

    @Test func ipvlanNamesWhatWillNotDo() throws {
        for (more, message) in [
            (["master": "uplink", "mode": "x"] as JSONObject, "unknown ipvlan mode: \"x\""),
            (["master": "zz"], "failed to lookup master \"zz\": Link not found on the host"),
            (
                ["master": "uplink", "linkInContainer": true],
                "failed to lookup master \"uplink\": Link not found in the"
            ),
        ] {
            let added = try call(try network("ipvlan", more), container).run("ADD", on: host)
            #expect(added.errorMessage?.hasPrefix(message) == true, "\(added.output)")
        }
        #expect(try container.linkNames() == ["lo"])
    }

    // MARK: vlan

    @Test(arguments: ["0.3.1", "1.1.0"])
    func vlanConnectsAndDisconnects(version: String) throws {
        var network = try network("vlan", ["master": "uplink", "vlanId": 1234])
        network.version = version
        try router.shell(
            """
            ip address flush dev eth0
            ip link add link eth0 name tagged type vlan id 1234
            ip address add 10.1.2.9/24 dev tagged
            ip link set tagged up
            """)
        let added = try add(network)
        #expect(try detail("id") == 1234)
        #expect(try container.link("eth0")?["mtu"] == 1500)
        #expect(try container.reaches("10.1.2.9"))
        if version == "1.1.0" {
            let checked = try check(network, after: added)
            #expect(checked.succeeded, "\(checked.output)")
            network.more["vlanId"] = 5
            let message = try check(network, after: added).errorMessage
            #expect(message == "Interface eth0 configured VLAN 5 doesn't match current state: 1234")
            network.more["vlanId"] = 1234
            let second = try call(network, try GuestNamespace(), id: "cid2").run("ADD", on: host)
            #expect(
                second.errorMessage?.contains("VLAN 1234 of uplink is another interface's") == true, "\(second.output)")
        }
        network.more["master"] = "zz"
        network.more["vlanId"] = 9999
        try expectDeletes(network)
    }

    @Test func vlanTakesTheMastersMTUOrLess() throws {
        try host.run("ip", "link", "set", "uplink", "mtu", "1200")
        _ = try add(try network("vlan", ["master": "uplink", "vlanId": 5, "ipam": nil]))
        #expect(try container.link("eth0")?["mtu"] == 1200)
        for mtu in [1600, -100] {
            let network = try network(
                "vlan", ["master": "uplink", "vlanId": 6, "mtu": .number(JSONNumber(mtu)), "ipam": nil])
            let added = try call(network, try GuestNamespace(), id: "cid2").run("ADD", on: host)
            #expect(added.errorMessage == "invalid MTU \(mtu), must be [0, master MTU(1200)]")
        }
        for id in [-1, 4095] {
            let network = try network("vlan", ["master": "uplink", "vlanId": .number(JSONNumber(id))])
            let added = try call(network, container).run("ADD", on: host)
            #expect(added.errorMessage == "invalid VLAN ID \(id) (must be between 0 and 4094 inclusive)")
        }
        let nameless = try call(try network("vlan", [:]), container).run("ADD", on: host)
        #expect(nameless.errorMessage?.hasPrefix("\"master\" field is required.") == true)
    }

    @Test(arguments: ["ipvlan", "vlan"])
    func theMasterCanBeInTheContainer(plugin: String) throws {
        try container.shell("ip link add inside type veth peer name peer; ip link set inside up; ip link set peer up")
        let network = try network(plugin, ["master": "inside", "linkInContainer": true, "vlanId": 7])
        let added = try add(network)
        let checked = try check(network, after: added)
        #expect(checked.succeeded, "\(checked.output)")
        try expectDeletes(network, leaving: ["inside", "lo", "peer"])
    }

    @Test(arguments: ["ipvlan", "vlan"])
    func statusLooksAtTheMaster(plugin: String) throws {
        var network = try network(plugin, ["master": "uplink", "vlanId": 7])
        let ready = try call(network, nil).run("STATUS", on: host)
        #expect(ready.succeeded, "\(ready.output)")
        try host.run("ip", "link", "set", "uplink", "down")
        #expect(try call(network, nil).run("STATUS", on: host).errorCode == 51)
        network.more["master"] = "zz"
        #expect(try call(network, nil).run("STATUS", on: host).errorCode == 50)
    }

    // MARK: dummy

    @Test(arguments: ["0.3.1", "1.1.0"])
    func dummyConnectsAndDisconnects(version: String) throws {
        // The host may have an interface of the name.
        try host.run("ip", "link", "add", "eth0", "type", "dummy")
        var network = try network("dummy", ["mtu": 1400, "mac": "02:00:00:00:00:07"])
        network.version = version
        let added = try add(network)
        #expect(try container.link("eth0")?["mtu"] == 1400)
        #expect(added.interface(0)?["mac"] == "02:00:00:00:00:07")
        #expect(try container.reaches("10.1.2.20"))
        if version == "1.1.0" {
            let checked = try check(network, after: added)
            #expect(checked.succeeded, "\(checked.output)")
            try container.run("ip", "link", "set", "eth0", "down")
            #expect(try check(network, after: added).errorMessage?.contains("Interface eth0 is down") == true)
        }
        try expectDeletes(network)
    }

    @Test func dummyNeedsAddresses() throws {
        var network = try network("dummy", ["ipam": nil])
        var call = call(network, nil)
        call.namespacePath = "/nowhere"
        let added = try call.run("ADD", on: host)
        #expect(added.errorMessage == "dummy interface requires an IPAM configuration")
        #expect(try call.run("DEL", on: host).succeeded)
        network.more = [:]
        #expect(try self.call(network, nil).run("STATUS", on: host).succeeded)
    }

    /// What is shown to users works as it is shown.
    @Test(arguments: ["dummy", "ipvlan", "vlan"])
    func theNetworkOfThePageAttachesAContainer(plugin: String) throws {
        try host.shell("ip link add eth0 type veth peer name far; ip link set eth0 up; ip link set far up")
        let page = try Page("Sources/Plugins/\(plugin)/README.md")
        let list = try JSONValue(parsing: #require(page.configurations.first)).object
        var network = try InterfaceNetwork(plugin)
        network.more = try #require(list?["plugins"]?.array?.first?.object)
        network.name = try #require(list?["name"]?.string)
        var ipam = try #require(network.more["ipam"]?.object)
        ipam["dataDir"] = .string(network.leases)
        network.more["ipam"] = .object(ipam)
        let added = try add(network)
        #expect(added.addresses.count == 1)
        let checked = try check(network, after: added)
        #expect(checked.succeeded, "\(checked.output)")
        try expectDeletes(network)
    }

    /// A failed ADD leaves nothing, whatever has been made by then.
    @Test(arguments: ["dummy", "ipvlan", "vlan"])
    func anAddThatFailsLeavesNothing(plugin: String) throws {
        var network = try network(plugin, ["master": "uplink", "vlanId": 7])
        network.ipamMore["routes"] = [["dst": "10.9.0.0/16", "gw": "203.0.113.1"]]
        let added = try call(network, container).run("ADD", on: host)
        #expect(added.errorMessage?.hasPrefix("add route 10.9.0.0/16 via 203.0.113.1: ") == true, "\(added.output)")
        #expect(try container.linkNames() == ["lo"])
        #expect(try leases(network).isEmpty)
        network.ipamMore = ["type": "no-such-plugin"]
        #expect(try !call(network, container).run("ADD", on: host).succeeded)
        #expect(try container.linkNames() == ["lo"])
    }
}
