import JSON
import TestSupport
import Testing

/// `vrf` behind another plugin, on a kernel that has VRFs.
@Suite(.enabled(if: Guest.isAvailable), .guest(with: "vrf"), .serialized)
struct GuestVRFTests {
    let host: GuestNamespace
    let container: GuestNamespace

    init() throws {
        host = try GuestNamespace()
        container = try GuestNamespace()
        for (name, number) in [("eth0", 1), ("net1", 2)] {
            try container.shell(
                """
                ip link add \(name) type veth peer name far\(number)
                ip link set \(name) up
                ip link set far\(number) up
                ip address add 10.0.\(number).2/24 dev \(name)
                ip -6 address add fd00:\(number)::2/64 dev \(name) nodad
                ip route add 10.10.\(number).0/24 via 10.0.\(number).1 dev \(name)
                ip -6 route add 1111:\(number)::/80 via fd00:\(number)::1 dev \(name)
                """)
        }
    }

    private static let previous: JSONValue = [
        "cniVersion": "1.0.0", "interfaces": [["name": "eth0", "sandbox": "/x"]],
        "ips": [["address": "10.0.1.2/24", "interface": 0]],
    ]

    private func call(
        _ more: JSONObject = [:], interface: String = "eth0", version: String = "1.0.0", previous: JSONValue = previous
    ) -> PluginCall {
        var object: JSONObject = ["cniVersion": .string(version), "name": "net1", "type": "vrf", "vrfName": "red"]
        if case .object(var result) = previous {
            result["cniVersion"] = .string(version)
            object["prevResult"] = .object(result)
        }
        for member in more.members { object[member.name] = member.value == .null ? nil : member.value }
        var call = PluginCall("vrf", .object(object))
        call.interfaceName = interface
        call.namespacePath = container.path
        return call
    }

    private func vrf(_ name: String = "red") throws -> JSONValue? {
        try container.link(name)?["linkinfo"]?.object?["info_data"]?.object?["table"]
    }

    /// But those that the kernel makes of itself, some seconds after the link is up on a busy machine.
    private func routes(_ table: String) throws -> String {
        try container.shell(
            "{ ip route show table \(table) 2>/dev/null; ip -6 route show table \(table); } | grep -v 'fe80\\|multicast' || true"
        )
    }

    @Test(arguments: ["0.3.1", "0.4.0", "1.1.0"])
    func anInterfacesRoutesMoveToItsTable(version: String) throws {
        let added = try call(["table": 1001], version: version).run("ADD", on: host)
        #expect(added.addresses == ["10.0.1.2/24"], "\(added.output)")
        #expect(try vrf() == 1001)
        #expect(try container.link("eth0")?["master"] == "red")
        #expect(try container.link("net1")?["master"] == nil)
        let table = try routes("1001")
        for route in [
            "10.10.1.0/24 via 10.0.1.1 dev eth0", "1111:1::/80 via fd00:1::1 dev eth0", "10.0.1.0/24 dev eth0",
        ] {
            #expect(table.contains(route), "\(table)")
        }
        #expect(!table.contains("net1"), "\(table)")
        let main = try routes("main")
        #expect(!main.contains("eth0") && main.contains("1111:2::/80 via fd00:2::1 dev net1"), "\(main)")
        let addresses = try container.run("ip", "-o", "address", "show", "eth0")
        #expect(addresses.contains("10.0.1.2/24") && addresses.contains("fd00:1::2/64"), "\(addresses)")
        if version >= "0.4.0" {
            let checked = try call(["table": 1001], version: version).run("CHECK", on: host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        // Once more changes nothing.
        #expect(try call(["table": 1001], version: version).run("ADD", on: host).succeeded)
        #expect(try routes("1001") == table)
        for _ in 1...2 { #expect(try call(version: version).run("DEL", on: host).succeeded) }
        #expect(try vrf() == nil)
        #expect(try container.link("eth0") != nil)
    }

    @Test func theLastInterfaceTakesTheVRFAway() throws {
        for name in ["eth0", "net1"] { #expect(try call(interface: name).run("ADD", on: host).succeeded) }
        #expect(try vrf() == 1)
        #expect(try call().run("DEL", on: host).succeeded)
        #expect(try vrf() == 1)
        #expect(try container.link("net1")?["master"] == "red")
        // An interface that is gone is no reason to stop.
        try container.run("ip", "link", "del", "net1")
        #expect(try call(interface: "net1").run("DEL", on: host).succeeded)
        #expect(try vrf() == nil)
    }

    @Test func twoVRFsHaveATableEach() throws {
        #expect(try call().run("ADD", on: host).succeeded)
        #expect(try call(["vrfName": "blue"], interface: "net1").run("ADD", on: host).succeeded)
        #expect(try vrf() == 1 && vrf("blue") == 2)
        #expect(try routes("2").contains("10.10.2.0/24") && !routes("2").contains("10.10.1.0"))
        // Two may share one that is asked for.
        #expect(try call(["vrfName": "green", "table": 2], interface: "far1").run("ADD", on: host).succeeded)
        let refused = try call(["table": 1002], interface: "far2").run("ADD", on: host)
        #expect(refused.errorMessage == "VRF red already exist with different routing table 1")
        let enslaved = try call(["vrfName": "blue"]).run("ADD", on: host)
        #expect(enslaved.errorMessage == "interface eth0 has already a master set: red")
    }

    @Test func namesWhatWillNotDoAndLeavesNothing() throws {
        try container.shell("ip link add br0 type bridge; ip link set net1 master br0")
        for (call, message) in [
            (call(["vrfName": nil]), "configuration is expected to have a valid vrf name"),
            (call(["vrfName": "lo"]), "Netlink lo is not a VRF"),
            (call(previous: .null), "missing prevResult from earlier plugin"),
            (call(interface: "eth9"), "could not get link by name eth9: Link not found"),
            (call(interface: "net1"), "interface net1 has already a master set: br0"),
        ] {
            let added = try call.run("ADD", on: host)
            #expect(added.errorMessage == message && added.errorCode == 7, "\(added.output)")
            #expect(try vrf() == nil)
        }
        var elsewhere = call()
        elsewhere.namespacePath = nil
        #expect(try elsewhere.run("DEL", on: host).succeeded)
        #expect(try call(["vrfName": nil]).run("DEL", on: host).succeeded)
    }

    @Test func checkNamesWhatIsDifferent() throws {
        #expect(try call().run("CHECK", on: host).errorMessage == "VRF red not found")
        #expect(try call().run("ADD", on: host).succeeded)
        try container.run("ip", "link", "set", "red", "down")
        try container.run("ip", "link", "set", "eth0", "nomaster")
        let checked = try call().run("CHECK", on: host)
        #expect(checked.errorMessage == "VRF red is down; failed to find eth0 associated to vrf red")
        let other = try call(["table": 77]).run("CHECK", on: host)
        #expect(other.errorMessage == "VRF red already exist with different routing table 1")
        #expect(try call(version: "1.1.0").run("STATUS", on: host).succeeded)
    }
}
