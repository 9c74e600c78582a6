import JSON
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        container = try TestContainer()
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var ranges: [JSONValue]
        var addresses: [String]
        var gateways: [String]

        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "IPv4", ranges: [[["subnet": "10.1.2.0/24"]]], addresses: ["10.1.2.2/24"], gateways: ["10.1.2.1"]),
        Case(
            name: "IPv6", ranges: [[["subnet": "2001:db8::/64"]]], addresses: ["2001:db8::2/64"],
            gateways: ["2001:db8::1"]),
        Case(
            name: "dual stack", ranges: [[["subnet": "192.168.0.0/24"]], [["subnet": "fd00::/64"]]],
            addresses: ["192.168.0.2/24", "fd00::2/64"], gateways: ["192.168.0.1", "fd00::1"]),
        Case(
            name: "two IPv6 networks",
            ranges: [[["subnet": "192.168.0.0/24"]], [["subnet": "fd00::/64"]], [["subnet": "2001:db8::/64"]]],
            addresses: ["192.168.0.2/24", "fd00::2/64", "2001:db8::2/64"],
            gateways: ["192.168.0.1", "fd00::1", "2001:db8::1"]),
    ]

    @Test(arguments: cases, ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func connectsAndDisconnects(test: Case, version: String) throws {
        network.ranges = test.ranges
        network.version = version
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        #expect(added.addresses == test.addresses)
        #expect(added.interface(0)?["name"] == "bridge0")
        #expect(added.interface(1)?["name"]?.string?.hasPrefix("veth") == true)
        #expect(added.interface(2)?["name"] == "eth0")
        #expect(added.interface(2)?["sandbox"]?.string == container.path)

        let links = try network.host.ip("link", "show").array?.compactMap(\.object) ?? []
        #expect(links.count == 3)
        let bridge = try #require(links.first { $0["ifname"] == "bridge0" })
        let port = try #require(links.first { $0["ifname"] == added.interface(1)?["name"] })
        #expect(bridge["linkinfo"]?.object?["info_kind"] == "bridge")
        #expect(bridge["address"] == added.interface(0)?["mac"])
        #expect(port["address"] == added.interface(1)?["mac"])
        #expect(port["master"] == "bridge0")
        #expect(port["address"] != bridge["address"])
        let link = try #require(try container.link("eth0"))
        #expect(link["operstate"] == "UP")
        #expect(link["address"] == added.interface(2)?["mac"])
        for gateway in test.gateways {
            #expect(container.reaches(gateway), "\(gateway)")
        }
        for family in ["-4", "-6"] {
            let expected = test.gateways.first { $0.contains(":") == (family == "-6") }
            let route = try container.ip(family, "route", "show", "default").array?.first?.object
            #expect(route?["gateway"]?.string == expected)
        }

        if version >= "0.4.0" {
            let checked = try network.call(container).after(added).run("CHECK", on: network.host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        let deleted = try network.call(container).run("DEL", on: network.host)
        #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        #expect(try container.link("eth0") == nil)
        #expect(try network.isClean())
    }

    @Test(arguments: ["0.1.0", "0.2.0"])
    mutating func speaksOldVersions(version: String) throws {
        network.version = version
        network.ranges = [[["subnet": "192.168.0.0/24"]], [["subnet": "fd00::/64"]]]
        let added = try network.call(container).run("ADD", on: network.host)
        let ip4 = added.json.object?["ip4"]?.object
        #expect(ip4?["ip"] == "192.168.0.2/24")
        #expect(ip4?["gateway"] == "192.168.0.1")
        #expect(ip4?["routes"] == [["dst": "0.0.0.0/0", "gw": "192.168.0.1"]])
        #expect(added.json.object?["ip6"]?.object?["ip"] == "fd00::2/64")
        #expect(added.json.object?["dns"] == [:])

        network.ranges.append([["subnet": "2001:db8::/64"]])
        let message = "CNI version \(version) does not support more than 1 address per family"
        let other = try TestContainer()
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).errorMessage == message)
        // What ADD would refuse today may have been added yesterday.
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    @Test mutating func connectsOnLayer2Alone() throws {
        network.more = ["ipam": [:]]
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.addresses.isEmpty)
        #expect(try container.link("eth0")?["operstate"] == "UP")
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())

        network.version = "0.2.0"
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(refused.errorMessage == "cannot convert: no valid IP addresses")
        #expect(try container.link("eth0") == nil)
        #expect(try network.isClean())
    }

    @Test mutating func leavesTheContainersInterfaceDownWhenAsked() throws {
        network.more = ["ipam": [:], "disableContainerInterface": true]
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.succeeded, "\(added.output)")
        let link = try #require(try container.link("eth0"))
        #expect(link["flags"]?.array?.contains("UP") == false)
        #expect(try container.ip("-6", "address", "show", "dev", "eth0").array?.isEmpty == true)
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())

        network.more = ["disableContainerInterface": true]
        let refused = try network.call(container).run("ADD", on: network.host)
        #expect(refused.errorMessage == "cannot use IPAM when DisableContainerInterface flag is set")
        #expect(try network.isClean())
    }

    @Test mutating func isolatedPortsReachTheGatewayAndNotEachOther() throws {
        network.more = ["isDefaultGateway": true, "portIsolation": true]
        let other = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)
        for name in try network.host.linkNames() where name.hasPrefix("veth") {
            let link = try network.host.ip("link", "show", name).array?.first?.object
            #expect(link?["linkinfo"]?.object?["info_slave_data"]?.object?["isolated"] == true)
        }
        try other.noteSenders()
        try container.ask("10.1.2.3")
        #expect(container.reaches("10.1.2.1") && other.reaches("10.1.2.1"))
        let senders = try other.senders()
        #expect(try senders.contains(network.host.mac(of: "bridge0")))
        #expect(try !senders.contains(container.mac()))
    }

    @Test mutating func containersReachEachOtherByPortsInHairpinMode() throws {
        network.more = ["isGateway": true, "hairpinMode": true]
        let other = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)
        #expect(container.reaches("10.1.2.3"))
        #expect(other.reaches("10.1.2.2"))
        let port = try #require(try network.host.linkNames().first { $0.hasPrefix("veth") })
        let link = try network.host.ip("link", "show", "dev", port).array?.first?.object
        let data = link?["linkinfo"]?.object?["info_slave_data"]?.object
        #expect(data?["hairpin"] == true)
    }

    @Test mutating func appliesMTUAndKeepsTheBridgesMAC() throws {
        network.more = ["isGateway": true, "mtu": 1300]
        let first = try network.call(container).run("ADD", on: network.host)
        let other = try TestContainer()
        let second = try network.call(other, id: "cid2").run("ADD", on: network.host)
        #expect(first.interface(0)?["mac"] == second.interface(0)?["mac"])
        #expect(try container.link("eth0")?["mtu"] == 1300)
        for link in try network.host.ip("link", "show").array ?? [] where link.object?["ifname"] != "lo" {
            #expect(link.object?["mtu"] == 1300)
        }
        #expect(try network.call(container).run("DEL", on: network.host).succeeded)
        let bridge = try network.host.ip("link", "show", "bridge0").array?.first?.object
        #expect(bridge?["address"] == first.interface(0)?["mac"])
    }

    struct MACSource: Sendable {
        var more: JSONObject
        var arguments: String?
        var mac: String
    }

    @Test(arguments: [
        MACSource(more: [:], arguments: "MAC=02:00:00:00:00:01", mac: "02:00:00:00:00:01"),
        MACSource(
            more: ["args": ["cni": ["mac": "02-00-00-00-00-02"]]], arguments: "IgnoreUnknown=1;MAC=02:00:00:00:00:01",
            mac: "02:00:00:00:00:02"),
        MACSource(
            more: ["args": ["cni": ["mac": "02:00:00:00:00:02"]], "RuntimeConfig": ["mac": "0200.0000.0003"]],
            arguments: "MAC=02:00:00:00:00:01", mac: "02:00:00:00:00:03"),
    ])
    mutating func takesTheMACFromTheNearestSource(source: MACSource) throws {
        network.more = ["ipam": [:]]
        for member in source.more.members { network.more[member.name] = member.value }
        var call = network.call(container)
        call.arguments = source.arguments
        let added = try call.run("ADD", on: network.host)
        #expect(added.interface(2)?["mac"]?.string == source.mac, "\(added.output)")
        #expect(try container.mac() == source.mac)
    }

    @Test(arguments: ["zz", "01:00:00:00:00:01", "00:00:00:00:00:00"])
    mutating func refusesAddressesThatNoInterfaceCanHave(mac: String) throws {
        network.more = ["ipam": [:], "runtimeConfig": ["mac": .string(mac)]]
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.errorCode == 7)
        #expect(try network.host.linkNames() == ["lo"])
    }

    @Test mutating func installsTheRoutesOfIPAM() throws {
        network.ipamMore = [
            "routes": [
                ["dst": "0.0.0.0/0"], ["dst": "10.9.0.0/16", "gw": "10.1.2.9", "mtu": 1400, "priority": 5],
                ["dst": "10.8.0.0/16", "table": 77, "advmss": 1300],
            ]
        ]
        let added = try network.call(container).run("ADD", on: network.host)
        // A default route of IPAM's and isDefaultGateway are one route, and no error.
        #expect(added.json.object?["routes"]?.array?.count == 3, "\(added.output)")
        let routes = try container.run("ip", "route", "show", "table", "all")
        #expect(routes.contains("default via 10.1.2.1 dev eth0"))
        #expect(routes.contains("10.9.0.0/16 via 10.1.2.9 dev eth0 metric 5 mtu 1400"))
        #expect(routes.contains("10.8.0.0/16 via 10.1.2.1 dev eth0 table 77 advmss 1300"))
        #expect(try network.call(container).after(added).run("CHECK", on: network.host).succeeded)
    }

    @Test mutating func neighboursForgetWhoHadTheAddressBefore() throws {
        network.ranges = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        for address in ["10.1.2.3", "fd00:1::3"] {
            try container.run(
                "ip", "neighbour", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "stale")
        }
        let successor = try TestContainer()
        let added = try network.call(successor, id: "cid2").run("ADD", on: network.host)
        #expect(added.addresses == ["10.1.2.3/24", "fd00:1::3/64"])
        let mac = added.interface(2)?["mac"]
        for address in ["10.1.2.3", "fd00:1::3"] {
            let known = try container.ip("neighbour", "show", address).array?.first?.object
            #expect(known?["lladdr"] == mac, "\(address)")
        }
    }

    @Test mutating func takesDNSFromTheConfigurationBeforeIPAM() throws {
        let file = try network.host.directory.write("resolv.conf", "nameserver 192.0.2.7\n")
        network.ipamMore = ["resolvConf": .string(file)]
        let first = try network.call(container).run("ADD", on: network.host)
        #expect(first.json.object?["dns"] == ["nameservers": ["192.0.2.7"]])
        _ = try network.call(container).run("DEL", on: network.host)
        network.more["dns"] = ["nameservers": [], "search": ["example.org"]]
        let second = try network.call(container).run("ADD", on: network.host)
        #expect(second.json.object?["dns"] == ["search": ["example.org"]])
    }

    @Test mutating func switchesPromiscuityOnAndForwarding() throws {
        network.more["promiscMode"] = true
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        let link = try network.host.ip("link", "show", "bridge0").array?.first?.object
        #expect(link?["flags"]?.array?.contains("PROMISC") == true)
        #expect(try network.host.run("sysctl", "-n", "net.ipv4.ip_forward") == "1\n")
    }

    @Test mutating func namesTheEndOnTheHostAfterTheAttachment() throws {
        var call = network.call(container)
        call.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0"
        let added = try call.run("ADD", on: network.host)
        let name = try #require(added.interface(1)?["name"]?.string)
        let link = try network.host.ip("link", "show", name).array?.first?.object
        #expect(link?["ifalias"] == "cni net1 cid1 eth0 shop/web-0")
        #expect(link?["txqlen"] ?? 0 == 0)
        // So DEL finds it without the container.
        call.namespacePath = nil
        #expect(try call.run("DEL", on: network.host).succeeded)
        #expect(try network.isClean())
    }

    struct BadOption: Sendable {
        var more: JSONObject
        var code: Int
        var message: String
    }

    @Test(arguments: [
        BadOption(more: ["mtu": "1500"], code: 7, message: "mtu: expected an integer"),
        BadOption(more: ["mtu": 10], code: 7, message: "mtu: expected a number from 68 to 65535, got 10"),
        BadOption(more: ["isGateway": "true"], code: 7, message: "isGateway: expected true or false"),
        BadOption(more: ["bridge": ""], code: 7, message: "bridge: interface name is empty"),
        BadOption(more: ["bridge": "a-name-that-is-too-long"], code: 7, message: "bridge: interface name is too long"),
        BadOption(more: ["bridge": "br%d"], code: 7, message: "bridge: interface name contains %"),
        BadOption(more: ["bridge": "br\u{0}"], code: 7, message: "bridge: interface name contains % or a null"),
        BadOption(
            more: ["hairpinMode": true, "promiscMode": true], code: 7,
            message: "cannot set hairpin mode and promiscuous mode at the same time"),
        BadOption(more: ["ipam": "host-local"], code: 7, message: "ipam: expected an object"),
        BadOption(
            more: ["ipam": ["type": "no-such-plugin"]], code: 7, message: "failed to find plugin \"no-such-plugin\""),
        BadOption(more: ["ipam": ["type": "../sh"]], code: 7, message: "invalid plugin name: ../sh"),
        BadOption(more: ["vlan": "100"], code: 7, message: "vlan: expected an integer"),
        BadOption(
            more: ["bridge": "a-longer-bridge", "vlan": 100], code: 7,
            message: "vlan: the gateway's interface a-longer-bridge.100: interface name is too long"),
        BadOption(more: ["macspoofchk": 1], code: 7, message: "macspoofchk: expected true or false"),
        BadOption(more: ["ipMasqBackend": "ipfw"], code: 7, message: "unknown ipmasq backend \"ipfw\""),
        BadOption(more: ["ipMasqBackend": ""], code: 7, message: "unknown ipmasq backend \"\""),
        BadOption(
            more: ["disableContainerInterface": true], code: 7,
            message: "cannot use IPAM when DisableContainerInterface flag is set"),
    ])
    mutating func refusesBadOptionsBeforeAnyWork(option: BadOption) throws {
        for member in option.more.members { network.more[member.name] = member.value }
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.errorCode == option.code, "\(added.output)")
        #expect(added.errorMessage?.hasPrefix(option.message) == true, "\(added.output)")
        #expect(try network.host.linkNames() == ["lo"])
    }

    @Test mutating func refusesUnknownArguments() throws {
        var call = network.call(container)
        for (arguments, message) in [
            ("A=B;C=D", #"ARGS: unknown args ["A=B" "C=D"]"#), ("MAC", #"ARGS: invalid pair "MAC""#),
            ("IgnoreUnknown=1;", #"ARGS: invalid pair """#),
        ] {
            call.arguments = arguments
            let added = try call.run("ADD", on: network.host)
            #expect(added.errorMessage == message)
            #expect(added.errorCode == 4)
        }
    }
}
