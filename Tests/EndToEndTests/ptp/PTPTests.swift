import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct PTPTests {
    var network: InterfaceNetwork
    let container: TestContainer

    init() throws {
        network = try InterfaceNetwork("ptp")
        network.ipamMore["routes"] = [["dst": "0.0.0.0/0"]]
        container = try TestContainer()
    }

    /// What a host has after a network was used and all its containers are gone.
    private func isClean() throws -> Bool {
        // iptables leaves its own tables.
        try network.host.linkNames() == ["lo"] && network.leasedAddresses.isEmpty
            && !network.host.ruleset().contains(/cni_|CNI-|10\.1\.2/)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var ranges: [JSONValue] = [[["subnet": "10.1.2.0/24"]]]
        var routes: JSONValue = [["dst": "0.0.0.0/0"]]
        var more: JSONObject = ["mtu": 5000]
        var gateways = ["10.1.2.1"]
    }

    static let cases = [
        Case(testDescription: "IPv4", more: [:]),
        Case(testDescription: "masquerade", more: ["mtu": 5000, "ipMasq": true]),
        Case(testDescription: "masquerade by iptables", more: ["ipMasq": true, "ipMasqBackend": "iptables"]),
        Case(testDescription: "masquerade by nf_tables", more: ["ipMasq": true, "ipMasqBackend": "nftables"]),
        Case(
            testDescription: "IPv6", ranges: [[["subnet": "fd00:1::/64"]]], routes: [["dst": "::/0"]],
            gateways: ["fd00:1::1"]),
        Case(
            testDescription: "dual stack and more routes", ranges: InterfaceNetwork.dualStack,
            routes: [
                ["dst": "0.0.0.0/0"], ["dst": "::/0"], ["dst": "192.168.0.0/16"],
                ["dst": "10.8.0.0/16", "gw": "10.1.2.9"], ["dst": "fd00:8::/48", "gw": "fd00:1::9"],
            ], more: ["ipMasq": true], gateways: ["10.1.2.1", "fd00:1::1"]),
    ]

    @Test(arguments: cases, ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func connectsAndDisconnects(test: Case, version: String) throws {
        network.version = version
        network.ranges = test.ranges
        network.ipamMore["routes"] = test.routes
        network.more = test.more
        let added = try network.add(container)
        #expect(added.json.object?["interfaces"]?.array?.count == 2)
        let name = try #require(added.interface(0)?["name"]?.string)
        #expect(name.hasPrefix("veth"))
        #expect(try network.host.mac(of: name) == added.interface(0)?["mac"]?.string)
        #expect(added.interface(1)?["name"] == "eth0")
        #expect(added.interface(1)?["sandbox"]?.string == container.path)
        #expect(try container.mac() == added.interface(1)?["mac"]?.string)
        #expect(added.json.object?["ips"]?.array?.allSatisfy { $0.object?["interface"] == 1 } == true)
        #expect(try container.link("eth0")?["mtu"] == test.more["mtu"] ?? 1500)
        for gateway in test.gateways { #expect(container.reaches(gateway), "\(gateway)") }

        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        if version >= "0.4.0" {
            #expect(checked.succeeded, "\(checked.output)")
        } else {
            #expect(checked.errorMessage == "config version does not allow CHECK")
        }
        let deleted = try network.run("DEL", container)
        #expect(deleted.succeeded && deleted.output.isEmpty, "\(deleted.output)")
        #expect(try container.link("eth0") == nil)
        #expect(try isClean())
        #expect(try network.run("DEL", container).succeeded)
    }

    @Test(arguments: ["", "0.1.0", "0.2.0"])
    mutating func speaksOldVersions(version: String) throws {
        network.version = version
        network.ranges = InterfaceNetwork.dualStack
        let added = try network.add(container)
        #expect(added.json.object?["ip4"]?.object?["ip"] == "10.1.2.2/24")
        #expect(added.json.object?["ip6"]?.object?["gateway"] == "fd00:1::1")
        #expect(container.reaches("fd00:1::1"))
        #expect(try network.run("DEL", container).succeeded)
        #expect(try isClean())
    }

    @Test mutating func routesEachAddressByItsOwnPair() throws {
        network.ranges = InterfaceNetwork.dualStack
        network.ipamMore["routes"] = [["dst": "0.0.0.0/0"], ["dst": "::/0"]]
        let other = try TestContainer()
        let pair = try #require(try network.add(container).interface(0)?["name"]?.string)
        let otherPair = try #require(try network.add(other, id: "cid2").interface(0)?["name"]?.string)
        let routes =
            try network.host.run("ip", "route", "show", "proto", "193")
            + network.host.run("ip", "-6", "route", "show", "proto", "193")
        let lines = routes.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(
            Set(lines) == [
                "10.1.2.2 dev \(pair) scope link", "10.1.2.3 dev \(otherPair) scope link",
                "fd00:1::2 dev \(pair) metric 1024 pref medium", "fd00:1::3 dev \(otherPair) metric 1024 pref medium",
            ])
        #expect(container.reaches("10.1.2.3") && other.reaches("fd00:1::2"))
        // The way to the other container is by the host.
        let way = try container.run("ip", "route", "get", "10.1.2.3")
        #expect(way.hasPrefix("10.1.2.3 via 10.1.2.1 dev eth0 src 10.1.2.2"), "\(way)")
        #expect(try container.run("ip", "-6", "route", "get", "fd00:1::3").contains("via fd00:1::1 dev eth0"))

        #expect(try network.run("DEL", nil).succeeded)
        #expect(try network.host.run("ip", "route", "show", "proto", "193").contains(pair) == false)
        #expect(other.reaches("10.1.2.1"))
    }

    @Test mutating func theHostHearsNoRoutersInContainers() throws {
        let pair = try #require(try network.add(container).interface(0)?["name"]?.string)
        #expect(try network.host.run("cat", "/proc/sys/net/ipv6/conf/\(pair)/accept_ra") == "0\n")
    }

    @Test mutating func theOutsideSeesTheHostWhereItMasquerades() throws {
        network.ranges = InterfaceNetwork.dualStack
        network.ipamMore["routes"] = [["dst": "0.0.0.0/0"], ["dst": "::/0"]]
        network.more["ipMasq"] = true
        let router = try TestRouter(beside: network.host)
        try network.add(container)
        for address in TestRouter.addresses { #expect(container.reaches(address), "\(address)") }
        #expect(try router.sources() == TestRouter.hostAddresses.sorted())
    }

    @Test mutating func theOutsideSeesTheContainerWhereNobodyMasquerades() throws {
        let router = try TestRouter(beside: network.host, knowing: ["10.1.2.0/24"])
        try network.add(container)
        #expect(container.reaches(TestRouter.addresses[0]))
        #expect(router.machine.reaches("10.1.2.2"))
        #expect(try router.sources() == ["10.1.2.2"])
    }

    struct DNS: Sendable {
        var configured: JSONValue?
        var result: JSONValue
    }

    @Test(arguments: [
        DNS(result: ["nameservers": ["192.0.2.7"]]),
        DNS(configured: [:], result: ["nameservers": ["192.0.2.7"]]),
        DNS(configured: ["domain": "a.example"], result: ["domain": "a.example"]),
        DNS(configured: ["search": ["a.example"]], result: ["search": ["a.example"]]),
        DNS(configured: ["nameservers": ["192.0.2.8"]], result: ["nameservers": ["192.0.2.8"]]),
        DNS(
            configured: ["nameservers": [], "options": ["ndots:2"]], result: ["options": ["ndots:2"]]),
    ])
    mutating func takesDNSFromTheConfigurationBeforeIPAM(test: DNS) throws {
        let file = try network.host.directory.write("resolv.conf", "nameserver 192.0.2.7")
        network.ipamMore["resolvConf"] = .string(file)
        network.more["dns"] = test.configured ?? .null
        #expect(try network.add(container).json.object?["dns"] == test.result)
    }

    @Test mutating func anEmptyListTakesAwayWhatIPAMSays() throws {
        let file = try network.host.directory.write("resolv.conf", "nameserver 192.0.2.7")
        network.ipamMore["resolvConf"] = .string(file)
        network.more["dns"] = ["nameservers": []]
        let dns = try network.add(container).json.object?["dns"]
        #expect(dns == nil || dns == [:])
    }

    struct BadOption: Sendable {
        var more: JSONObject
        var message: String
    }

    @Test(arguments: [
        BadOption(more: ["mtu": "1500"], message: "mtu: expected an integer"),
        BadOption(more: ["mtu": 10], message: "mtu: expected a number from 68 to 65535, got 10"),
        BadOption(more: ["ipam": nil], message: "ipam.type: missing"),
        BadOption(more: ["ipam": [:]], message: "ipam.type: missing"),
        BadOption(more: ["ipMasqBackend": "ipfw"], message: "unknown ipmasq backend \"ipfw\""),
        BadOption(more: ["ipam": ["type": "ptp"]], message: "plugin \"ptp\" cannot leave its work to itself"),
        BadOption(more: ["ipam": ["type": "no-such-plugin"]], message: "failed to find plugin \"no-such-plugin\""),
    ])
    mutating func refusesBadOptionsBeforeAnyWorkAndDeletesWithThem(option: BadOption) throws {
        try network.add(container)
        for member in option.more.members { network.more[member.name] = member.value }
        let other = try TestContainer()
        let added = try network.run("ADD", other, id: "cid2")
        #expect(added.errorCode == 7)
        #expect(added.errorMessage?.hasPrefix(option.message) == true, "\(added.output)")
        #expect(try other.linkNames() == ["lo"])
        _ = try network.run("DEL", container)
        #expect(try network.host.linkNames() == ["lo"])
    }

    @Test mutating func saysThatIPAMGivesNoGateway() throws {
        var call = network.call(container)
        call.moreDirectories = try network.useIPAM(
            #"cat >/dev/null; [ $CNI_COMMAND != ADD ] || echo '{"ips": [{"address": "10.1.2.9/24"}]}'"#)
        call.configuration = network.configuration
        let added = try call.run("ADD", on: network.host)
        #expect(added.errorMessage == "IPAM gave 10.1.2.9/24 no gateway, which ptp routes by")
        #expect(added.errorCode == 7)
        #expect(try container.linkNames() == ["lo"])
        #expect(try isClean())
    }

    @Test func aRouteOfOthersToTheAddressIsAnErrorAndStays() throws {
        try network.host.namespace.shell("ip link set lo up; ip route add 10.1.2.2 dev lo")
        let added = try network.run("ADD", container)
        #expect(added.errorMessage?.hasPrefix("add route 10.1.2.2/32: File exists: ") == true, "\(added.output)")
        #expect(try container.linkNames() == ["lo"])
        #expect(try isClean())
        #expect(try network.host.run("ip", "route", "show").hasPrefix("10.1.2.2 dev lo"))
    }

    @Test mutating func garbageCollectionTakesWhatIsNotValid() throws {
        network.more["ipMasq"] = true
        let other = try TestContainer()
        try network.add(container)
        let kept = try #require(try network.add(other, id: "cid2").interface(0)?["name"]?.string)
        var call = network.call(nil)
        call.configuration = network.configuration(keeping: ["cid2"])
        #expect(try call.run("GC", on: network.host).succeeded)
        #expect(try network.host.linkNames() == ["lo", kept].sorted())
        #expect(network.leasedAddresses == ["10.1.2.3"])
        #expect(try !network.host.ruleset().contains("10.1.2.2"))
        #expect(try network.host.ruleset().contains("10.1.2.3"))
        #expect(other.reaches("10.1.2.1"))
    }

    @Test mutating func statusSaysWhetherContainersAreCutOff() throws {
        #expect(try network.run("STATUS", nil).succeeded)
        try network.add(container)
        #expect(try network.run("STATUS", nil).succeeded)
        try network.host.run("sysctl", "-qw", "net.ipv4.ip_forward=0")
        let outcome = try network.run("STATUS", nil)
        #expect(outcome.errorCode == 51)
        #expect(outcome.errorMessage == "containers are cut off: IPv4 forwarding is off")
        // Those of another network are of no concern.
        network.name = "net2"
        #expect(try network.run("STATUS", nil).succeeded)
        network.ipamMore["type"] = "no-such-plugin"
        #expect(try network.run("STATUS", nil).errorCode == 50)
    }

    struct Change: CustomTestStringConvertible, Sendable {
        var command: String
        var isInContainer = false
        var message: String?

        var testDescription: String { command }
    }

    @Test(arguments: [
        Change(command: "ip link set $end down", message: "Interface $end is down"),
        Change(
            command: "ip address del 10.1.2.1/32 dev $end",
            message: "Failed to match gateway addr 10.1.2.1/32 on interface $end"),
        Change(
            command: "ip route del 10.1.2.2 dev $end",
            message: "Expected Route 10.1.2.2/32 by $end not found on the host"),
        Change(command: "nft delete table inet cni_ptp", message: "Masquerade of 10.1.2.2, fd00:1::2 is missing"),
        Change(
            command: "ip address del fd00:1::2/64 dev eth0", isInContainer: true,
            message: "Failed to match addr fd00:1::2/64 on interface eth0"),
        Change(
            command: "ip route del default", isInContainer: true,
            message: "Expected Route 0.0.0.0/0 via 10.1.2.1 not found in routing table"),
        Change(
            command: "ip link set eth0 address 02:00:00:00:00:55", isInContainer: true,
            message: "Interface eth0 Mac doesn't match: $mac in prevResult, 02:00:00:00:00:55 now"),
        Change(command: "ip route add 10.55.0.0/16 via 10.1.2.1", isInContainer: true),
    ])
    mutating func checkNamesWhatIsDifferent(change: Change) throws {
        network.more["ipMasq"] = true
        network.ranges = InterfaceNetwork.dualStack
        network.ipamMore["routes"] = [["dst": "0.0.0.0/0", "gw": "10.1.2.1"]]
        let added = try network.add(container)
        let call = network.call(container).after(added)
        let before = try call.run("CHECK", on: network.host)
        #expect(before.succeeded, "\(before.output)")
        let end = try #require(added.interface(0)?["name"]?.string)
        let mac = try #require(added.interface(1)?["mac"]?.string)
        let script = "end=\(end); \(change.command)"
        _ = try change.isInContainer ? container.run("sh", "-c", script) : network.host.run("sh", "-c", script)
        let message = change.message?.replacing("$end", with: end).replacing("$mac", with: mac)
        let after = try call.run("CHECK", on: network.host)
        #expect(message.map { after.errorMessage?.contains($0) == true } ?? after.succeeded, "\(after.output)")
    }
}
