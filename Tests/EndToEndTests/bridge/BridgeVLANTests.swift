import JSON
import TestSupport
import Testing

/// Ports and gateways in VLANs, on a kernel whose bridges filter them.
@Suite(.enabled(if: Guest.isAvailable), .guest(with: "bridge", "host-local"), .serialized)
struct BridgeVLANTests {
    var network: BridgeNetwork
    let host: GuestNamespace
    let container: GuestNamespace

    init() throws {
        network = try BridgeNetwork()
        host = try GuestNamespace()
        container = try GuestNamespace()
    }

    private func call(_ container: GuestNamespace?, id: String = "cid1") -> PluginCall {
        var call = network.call(nil, id: id)
        call.namespacePath = container?.path
        return call
    }

    private func add(_ container: GuestNamespace, id: String = "cid1") throws -> PluginOutcome {
        let added = try call(container, id: id).run("ADD", on: host)
        try #require(added.succeeded, "\(added.output)\(added.errorOutput)")
        return added
    }

    private func filtersVLANs() throws -> Bool {
        let bridge = try host.link("bridge0")
        return bridge?["linkinfo"]?.object?["info_data"]?.object?["vlan_filtering"] == 1
    }

    /// A port's VLANs: the number alone for frames with a tag, `u` for those that leave without, `p` for the one that
    /// frames without a tag get.
    private func vlans(of port: String) throws -> [String] {
        let shown = try host.json("bridge", ["-j", "vlan", "show", "dev", port]).array?.first?.object
        return (shown?["vlans"]?.array ?? []).compactMap(\.object).map { entry in
            let flags = entry["flags"]?.array?.compactMap(\.string) ?? []
            return
                "\(entry["vlan"] ?? 0)\(flags.contains("PVID") ? "p" : "")\(flags.contains("Egress Untagged") ? "u" : "")"
        }
    }

    private func addresses(of link: String) throws -> [String] {
        let links = try host.ip("address", "show", "dev", link, "scope", "global").array ?? []
        let entries = links.flatMap { $0.object?["addr_info"]?.array ?? [] }.compactMap(\.object)
        // What is of another scope is an empty object in the list.
        return entries.compactMap { entry in entry["local"]?.string.map { "\($0)/\(entry["prefixlen"] ?? 0)" } }
    }

    private func portNames() throws -> [String] {
        try host.ip("link", "show", "master", "bridge0").array?.compactMap { $0.object?["ifname"]?.string } ?? []
    }

    struct PortCase: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let options: JSONObject
        let vlans: [String]
    }

    private static let trunk: JSONValue = [["id": 101], ["minID": 200, "maxID": 203]]
    private static let tagged = ["101", "200", "201", "202", "203"]

    static let ports = [
        PortCase(testDescription: "vlan", options: ["vlan": 100], vlans: ["100pu"]),
        PortCase(testDescription: "trunk", options: ["vlanTrunk": trunk], vlans: ["1pu"] + tagged),
        PortCase(
            testDescription: "vlan and trunk", options: ["vlan": 100, "vlanTrunk": trunk], vlans: ["100pu"] + tagged),
        PortCase(
            testDescription: "vlan without the default one", options: ["vlan": 100, "preserveDefaultVlan": false],
            vlans: ["100pu"]),
        PortCase(
            testDescription: "vlan with the default one", options: ["vlan": 100, "preserveDefaultVlan": true],
            vlans: ["1u", "100pu"]),
        PortCase(
            testDescription: "a trunk that overlaps itself",
            options: ["vlanTrunk": [["id": 101, "minID": 100, "maxID": 102], ["id": 102]]],
            vlans: ["1pu", "100", "101", "102"]),
        PortCase(testDescription: "an empty trunk", options: ["vlanTrunk": []], vlans: ["1pu"]),
        PortCase(testDescription: "the highest VLAN", options: ["vlan": 4094], vlans: ["4094pu"]),
    ]

    @Test(arguments: ports)
    mutating func aPortIsInItsVLANs(test: PortCase) throws {
        network.more = ["ipam": [:]]
        for member in test.options.members { network.more[member.name] = member.value }
        let added = try add(container)
        #expect(added.json.object?["interfaces"]?.array?.count == 3)
        let port = try #require(added.interface(1)?["name"]?.string)
        #expect(try filtersVLANs())
        #expect(try vlans(of: port) == test.vlans)
        #expect(try host.linkNames().count == 3)
        let checked = try call(container).after(added).run("CHECK", on: host)
        #expect(checked.succeeded, "\(checked.output)")
        #expect(try call(container).run("DEL", on: host).succeeded)
        #expect(try host.linkNames() == ["bridge0", "lo"])
    }

    struct GatewayCase: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let ranges: [JSONValue]
        let gateways: [String]
        var options: JSONObject = [:]
        var vlans = ["100pu"]
    }

    static let gateways = [
        GatewayCase(testDescription: "IPv4", ranges: [[["subnet": "10.1.2.0/24"]]], gateways: ["10.1.2.1/24"]),
        GatewayCase(testDescription: "IPv6", ranges: [[["subnet": "2001:db8::/64"]]], gateways: ["2001:db8::1/64"]),
        GatewayCase(
            testDescription: "dual stack", ranges: [[["subnet": "192.168.0.0/24"]], [["subnet": "fd00::/64"]]],
            gateways: ["192.168.0.1/24", "fd00::1/64"]),
        GatewayCase(
            testDescription: "two IPv6 networks, without the default VLAN",
            ranges: [[["subnet": "192.168.0.0/24"]], [["subnet": "fd00::/64"]], [["subnet": "2001:db8::/64"]]],
            gateways: ["192.168.0.1/24", "fd00::1/64", "2001:db8::1/64"], options: ["preserveDefaultVlan": false]),
        GatewayCase(
            testDescription: "IPv4, with the default VLAN", ranges: [[["subnet": "10.1.2.0/24"]]],
            gateways: ["10.1.2.1/24"], options: ["preserveDefaultVlan": true], vlans: ["1u", "100pu"]),
    ]

    @Test(arguments: gateways)
    mutating func theGatewayOfAVLANIsAnInterfaceOfItsOwn(test: GatewayCase) throws {
        network.ranges = test.ranges
        network.more = ["isDefaultGateway": true, "vlan": 100]
        for member in test.options.members { network.more[member.name] = member.value }
        let added = try add(container)
        #expect(added.json.object?["interfaces"]?.array?.count == 4)
        let gateway = try #require(added.interface(3))
        #expect(gateway["name"] == "bridge0.100")
        #expect(gateway["sandbox"]?.string ?? "" == "")
        #expect(try gateway["mac"] == host.link("bridge0.100")?["address"])
        let present = try addresses(of: "bridge0.100")
        #expect(Set(present) == Set(test.gateways))
        #expect(try addresses(of: "bridge0") == [])
        let ports = try portNames()
        #expect(ports.count == 2)
        for port in ports { #expect(try vlans(of: port) == test.vlans, "\(port)") }
        #expect(try host.linkNames().count == 5)
        for gateway in test.gateways {
            let address = String(gateway.prefix { $0 != "/" })
            #expect(try container.reaches(address), "\(address)")
        }
        let checked = try call(container).after(added).run("CHECK", on: host)
        #expect(checked.succeeded, "\(checked.output)")

        // The next container finds the gateway, which stays when both are gone.
        let other = try GuestNamespace()
        #expect(try add(other, id: "cid2").interface(3)?["mac"] == gateway["mac"])
        #expect(try host.linkNames().count == 6)
        #expect(try call(container).run("DEL", on: host).succeeded)
        #expect(try call(nil, id: "cid2").run("DEL", on: host).succeeded)
        #expect(try host.linkNames().count == 4)
        #expect(try Set(addresses(of: "bridge0.100")) == Set(test.gateways))
    }

    @Test(arguments: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.1.0"])
    mutating func everyVersionHasVLANs(version: String) throws {
        network.version = version
        network.more = ["isDefaultGateway": true, "vlan": 100, "vlanTrunk": [["id": 101]]]
        _ = try add(container)
        let ports = try portNames()
        #expect(try ports.map(vlans).contains(["100pu", "101"]))
        #expect(try container.reaches("10.1.2.1"))
        #expect(try call(container).run("DEL", on: host).succeeded)
        #expect(try container.linkNames() == ["lo"])
    }

    @Test mutating func withoutVLANOptionsFilteringStaysAsItIs() throws {
        _ = try add(container)
        #expect(try !filtersVLANs())
        #expect(try container.reaches("10.1.2.1"))
        #expect(try call(container).run("DEL", on: host).succeeded)
    }

    @Test mutating func containersReachThoseOfTheirVLANAlone() throws {
        var containers: [GuestNamespace] = []
        for (number, vlan) in [100, 100, 200].enumerated() {
            network.more = ["vlan": .number(JSONNumber(vlan))]
            containers.append(try GuestNamespace())
            _ = try add(containers[number], id: "cid\(number)")
        }
        try containers[1].noteSenders()
        try containers[2].noteSenders()
        try containers[0].ask("10.1.2.4", waiting: "1")
        try containers[2].ask("10.1.2.3", waiting: "1")
        #expect(try containers[0].reaches("10.1.2.3"))
        // The host speaks to all.
        let macs = Set(try containers.map { try $0.mac() })
        #expect(try macs.intersection(containers[1].senders()) == [containers[0].mac()])
        #expect(try macs.isDisjoint(with: containers[2].senders()))
    }

    @Test mutating func aTrunkCarriesTaggedFramesOfItsVLANsAlone() throws {
        let member = try GuestNamespace()
        network.more = ["vlan": 101]
        _ = try add(member, id: "cid2")
        network.more = ["ipam": [:], "vlanTrunk": [["id": 101]]]
        _ = try add(container)
        try member.noteSenders()
        try container.shell(
            """
            ip link add link eth0 name other address 02:00:00:00:00:66 type vlan id 102
            ip address add 10.1.2.99/24 dev other
            ip link set other up
            """)
        try container.ask("10.1.2.2", waiting: "1")
        try container.shell(
            """
            ip link delete other
            ip link add link eth0 name tagged type vlan id 101
            ip address add 10.1.2.99/24 dev tagged
            ip link set tagged up
            """)
        #expect(try container.reaches("10.1.2.2"))
        let senders = try member.senders()
        #expect(try senders.contains(container.mac()) && !senders.contains("02:00:00:00:00:66"), "\(senders)")
    }

    @Test mutating func twoVLANsHaveAGatewayEachOnOneBridge() throws {
        let other = try GuestNamespace()
        network.more = ["isDefaultGateway": true, "vlan": 100]
        _ = try add(container)
        network.name = "net2"
        network.ranges = [[["subnet": "10.7.0.0/24"]]]
        network.more = ["isDefaultGateway": true, "vlan": 200]
        _ = try add(other, id: "cid2")
        #expect(try container.reaches("10.1.2.1"))
        #expect(try other.reaches("10.7.0.1"))
        // Between the two, the host forwards.
        #expect(try container.reaches("10.7.0.2"))
    }

    @Test(arguments: ["vid 100", "vid 101"])
    mutating func checkFindsAVLANThatWasTakenOff(vlan: String) throws {
        network.more = ["vlan": 100, "vlanTrunk": [["id": 101]]]
        let added = try add(container)
        #expect(try call(container).after(added).run("CHECK", on: host).succeeded)
        let port = try #require(added.interface(1)?["name"]?.string)
        try host.shell("bridge vlan delete dev \(port) \(vlan)")
        let checked = try call(container).after(added).run("CHECK", on: host)
        #expect(!checked.succeeded)
        #expect(checked.errorMessage?.contains(String(vlan.dropFirst(4))) == true, "\(checked.output)")
        #expect(try call(container).run("DEL", on: host).succeeded)
    }

    /// Containers would otherwise be less apart than their owner believes.
    @Test mutating func noBridgeIsLeftWithoutFilteringThatVLANsWant() throws {
        try host.shell("ip link add bridge0 type bridge && ip link set bridge0 up")
        network.more = ["vlan": 100]
        let added = try call(container).run("ADD", on: host)
        #expect(try filtersVLANs() || !added.succeeded, "\(added.output)")
        #expect(try added.succeeded || host.linkNames() == ["bridge0", "lo"])
    }

    @Test mutating func refusesAGatewayWhoseNameIsTooLong() throws {
        network.more = ["isGateway": true, "vlan": 100, "bridge": "bridge-of-long"]
        let added = try call(container).run("ADD", on: host)
        #expect(added.errorMessage?.contains("bridge-of-long.100") == true, "\(added.output)")
        #expect(try !host.linkNames().contains { $0.hasPrefix("veth") })
        #expect(try container.linkNames() == ["lo"])
    }
}
