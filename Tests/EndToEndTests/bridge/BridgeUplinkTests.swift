import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// A host's own interface as a port of the containers' bridge.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeUplinkTests {
    let lan: TestLAN
    let outside: TestContainer
    var network: BridgeNetwork
    let containers: [TestContainer]

    var host: TestHost { network.host }

    init() throws {
        lan = try TestLAN()
        outside = try lan.machine("192.0.2.1/24", "2001:db8::1/64")
        network = try Self.network(99)
        containers = try (0..<2).map { _ in try TestContainer() }
        try lan.connect(host, "192.0.2.9/24", "2001:db8::9/64")
        try host.namespace.shell(
            """
            ip route add default via 192.0.2.1 dev eth1 proto static metric 100 src 192.0.2.9 advmss 1300
            ip -6 route add default via 2001:db8::1 dev eth1 proto static metric 50
            ip route add 198.51.100.0/24 via 192.0.2.1 dev eth1 table 77
            ip link set eth1 alias 'the way out'
            """)
    }

    /// A host's network whose containers have addresses from a range of its own.
    private static func network(_ first: Int) throws -> BridgeNetwork {
        var network = try BridgeNetwork()
        network.version = "1.1.0"
        network.more = ["uplink": "eth1"]
        network.ranges = [
            [["subnet": "192.0.2.0/24", "rangeStart": .string("192.0.2.\(first)"), "gateway": "192.0.2.1"]],
            [["subnet": "2001:db8::/64", "rangeStart": .string("2001:db8::\(first)"), "gateway": "2001:db8::1"]],
        ]
        return network
    }

    private func run(_ verb: String, _ container: TestContainer, id: String = "cid1") throws -> PluginOutcome {
        var call = network.call(container, id: id)
        call.launcher = host.launcher
        return try call.run(verb, on: host)
    }

    private func add(_ container: TestContainer, id: String = "cid1") throws -> PluginOutcome {
        let added = try run("ADD", container, id: id)
        try #require(added.succeeded, "\(added.output)\(added.errorOutput)")
        return added
    }

    private func delete(_ container: TestContainer, id: String = "cid1") throws {
        let deleted = try run("DEL", container, id: id)
        #expect(deleted.succeeded, "\(deleted.output)\(deleted.errorOutput)")
    }

    /// The host's addresses and routes, for people.
    private func settings(of interface: String) throws -> [String] {
        try host.shell(
            """
            ip -o address show dev \(interface) scope global | sed 's/^[0-9]*: [^ ]* *//; s/\(interface)//; s/ *\\\\ .*//'
            ip route show table all dev \(interface) | grep -v '^multicast\\|^broadcast\\|^fe80\\|^local\\|^anycast' || true
            """
        ).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.sorted()
    }

    @Test
    func theHostsAddressesAndRoutesMoveToTheBridgeAndBack() throws {
        let before = try settings(of: "eth1")
        try #require(before.count >= 6)
        let added = try add(containers[0])
        #expect(try settings(of: "bridge0") == before)
        #expect(try settings(of: "eth1").isEmpty)
        #expect(try host.link("eth1")?["master"] == "bridge0")
        #expect(try host.link("bridge0")?["address"] == host.link("eth1")?["address"])
        #expect(added.interface(0)?["mac"] == (try host.link("eth1")?["address"]))
        let checked = try network.call(containers[0]).after(added).run("CHECK", on: host)
        #expect(checked.succeeded, "\(checked.output)")
        let status = try run("STATUS", containers[0])
        #expect(status.succeeded, "\(status.output)")

        _ = try add(containers[1], id: "cid2")
        try delete(containers[0])
        #expect(try settings(of: "bridge0") == before)
        try delete(containers[1], id: "cid2")
        #expect(try settings(of: "eth1") == before)
        #expect(try settings(of: "bridge0").isEmpty)
        #expect(try host.link("eth1")?["master"] == nil)
        #expect(try host.link("eth1")?["ifalias"] == "the way out")
        #expect(outside.reaches("192.0.2.9"))
        #expect(outside.reaches("2001:db8::9"))
        try delete(containers[1], id: "cid2")
    }

    /// A hundred requests a second, of which fifty milliseconds have five.
    @Test(arguments: ["192.0.2.9", "2001:db8::9"])
    func theOutsideIsAnsweredAllTheTime(address: String) throws {
        let listener = try TestSocket(.tcp, for: address, in: host.namespace)
        try listener.bind(address, 4711)
        try listener.listen()
        let client = try TestSocket(.tcp, for: address, in: outside.namespace)
        try client.connect(to: address, 4711)
        let connection = try listener.accept()
        func talk(_ text: String) throws {
            try client.send(text)
            #expect(try connection.answer("to you too").question == text)
            #expect(try client.receive() == "to you too")
        }
        let pings = try Pings(from: outside, to: address)
        try talk("before")
        _ = try add(containers[0])
        try talk("with a container")
        #expect(outside.reaches(address))
        try delete(containers[0])
        try talk("after")
        #expect(outside.reaches(address))
        let lost = try pings.lost()
        #expect(lost <= 5, "\(lost)")
    }

    @Test
    func allMachinesOfTheNetworkReachEachOther() throws {
        let other = try Self.network(150)
        try lan.connect(other.host, "192.0.2.10/24", "2001:db8::10/64")
        let theirs = try (0..<2).map { _ in try TestContainer() }
        for (index, container) in containers.enumerated() { _ = try add(container, id: "cid\(index)") }
        for (index, container) in theirs.enumerated() {
            let added = try other.call(container, id: "cid\(index)").run("ADD", on: other.host)
            try #require(added.succeeded, "\(added.output)")
        }
        let all =
            try (containers + theirs).flatMap(Self.addresses) + ["192.0.2.1", "192.0.2.9", "192.0.2.10"]
            + ["2001:db8::1", "2001:db8::9", "2001:db8::10"]
        #expect(Set(all).count == 14)
        for machine in containers + theirs + [outside] {
            let own = try Self.addresses(of: machine)
            for address in all where !own.contains(address) { #expect(machine.reaches(address), "\(address)") }
        }
        // Asked by the container itself, and not by its host.
        #expect(try outside.run("ip", "neigh", "show", "192.0.2.99").contains(containers[0].mac()))
    }

    private static func addresses(of machine: TestContainer) throws -> [String] {
        try machine.ip("address", "show", "dev", "eth0", "scope", "global").array?.first?.object?["addr_info"]?.array?
            .compactMap { $0.object?["local"]?.string } ?? []
    }

    @Test
    mutating func theInterfaceOfTheDefaultRouteIsFoundAgainOnTheBridge() throws {
        network.more["uplink"] = "default"
        _ = try add(containers[0])
        #expect(try host.link("eth1")?["master"] == "bridge0")
        _ = try add(containers[1], id: "cid2")
        try delete(containers[0])
        try delete(containers[1], id: "cid2")
        #expect(try host.link("eth1")?["master"] == nil)
    }

    @Test
    mutating func aFailedAttachmentMovesEverythingBack() throws {
        let before = try settings(of: "eth1")
        network.ipamMore["routes"] = [["dst": "203.0.113.0/24", "gw": "198.51.100.1"]]
        let failed = try run("ADD", containers[0])
        #expect(!failed.succeeded)
        #expect(try settings(of: "eth1") == before)
        #expect(try host.link("eth1")?["master"] == nil)
        #expect(try host.link("eth1")?["ifalias"] == "the way out")
        #expect(try host.linkNames() == ["bridge0", "eth1", "lo"])
    }

    @Test
    mutating func anInterfaceThatAnAdministratorMadeAPortIsLeftAlone() throws {
        try host.namespace.shell(
            """
            ip link add bridge0 type bridge
            ip link set eth1 master bridge0
            ip address add 192.0.2.9/24 dev bridge0
            ip link set bridge0 up
            """)
        let before = try (settings(of: "eth1"), settings(of: "bridge0"))
        _ = try add(containers[0])
        try delete(containers[0])
        #expect(try settings(of: "eth1") == before.0)
        #expect(try settings(of: "bridge0") == before.1)
        #expect(try host.link("eth1")?["master"] == "bridge0")
    }

    @Test
    func aCollectionGivesTheInterfaceBackOnceNoContainerIsLeft() throws {
        let before = try settings(of: "eth1")
        _ = try add(containers[0])
        var call = network.call(containers[0])
        call.configuration = network.configuration(keeping: [])
        let collected = try call.run("GC", on: host)
        #expect(collected.succeeded, "\(collected.output)")
        #expect(try settings(of: "eth1") == before)
    }

    @Test
    func differencesAreNamed() throws {
        let added = try add(containers[0])
        try host.namespace.shell(
            "ip link set eth1 nomaster && ip address add 192.0.2.200/24 dev eth1")
        let checked = try network.call(containers[0]).after(added).run("CHECK", on: host)
        #expect(checked.errorMessage?.contains("uplink eth1 is no port of bridge bridge0") == true, "\(checked.output)")
        let status = try run("STATUS", containers[0])
        #expect(status.errorCode == 51, "\(status.output)")
        // The next container mends it.
        _ = try add(containers[1], id: "cid2")
        #expect(try host.link("eth1")?["master"] == "bridge0")
        #expect(try settings(of: "eth1").isEmpty)
    }

    /// What would cut the host off, made by these commands on the host.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let commands: String
        let words: String
        var uplink = "eth1"
    }

    static let refusals = [
        Refusal(
            testDescription: "no interface", commands: "true", words: "find uplink eth7: No such device", uplink: "eth7"
        ),
        Refusal(
            testDescription: "of another bridge",
            commands: "ip link add other type bridge && ip link set eth1 master other", words: "belongs to another"),
        Refusal(testDescription: "loopback", commands: "true", words: "no Ethernet interface", uplink: "lo"),
        Refusal(
            testDescription: "a DHCP client's",
            commands: "ip address change 192.0.2.9/24 dev eth1 valid_lft 600 preferred_lft 600",
            words: "for a limited time"),
        Refusal(
            testDescription: "a bridge of others", commands: "ip link add bridge0 type bridge",
            words: "another program made bridge bridge0"),
        Refusal(
            testDescription: "several next hops",
            commands: "ip route add 203.0.113.0/24 nexthop via 192.0.2.1 dev eth1 nexthop via 192.0.2.2 dev eth1",
            words: "several next hops"),
        Refusal(
            testDescription: "wireless",
            commands: """
                mount -t tmpfs none /sys/class/net
                mkdir -p /sys/class/net/eth1/wireless
                """, words: "wireless"),
        Refusal(
            testDescription: "systemd-networkd's",
            commands: """
                mkdir -p /run/systemd/netif/links
                index=$(ip -o link show eth1 | cut -d: -f1)
                echo ADMIN_STATE=configured > /run/systemd/netif/links/$index
                """, words: "systemd-networkd manages it"),
    ]

    @Test(arguments: refusals)
    mutating func whatWouldCutTheHostOffIsRefused(refusal: Refusal) throws {
        network.more["uplink"] = .string(refusal.uplink)
        var call = network.call(containers[0])
        // In the mounts of the plugin, and before it begins.
        call.launcher = host.launcher + ["sh", "-euc", "( \(refusal.commands) ) >&2; exec \"$@\"", "sh"]
        let failed = try call.run("ADD", on: host)
        #expect(failed.errorMessage?.contains(refusal.words) == true, "\(failed.output)\(failed.errorOutput)")
        #expect(try host.linkNames().allSatisfy { ["lo", "eth1", "other", "bridge0"].contains($0) })
        #expect(try settings(of: "eth1").contains { $0.contains("192.0.2.9/24") })
    }

    @Test
    mutating func aGatewayOnTheBridgeIsRefused() throws {
        network.more["isGateway"] = true
        let failed = try run("ADD", containers[0])
        #expect(failed.errorCode == 7)
        #expect(failed.errorMessage?.hasPrefix("isGateway: ") == true, "\(failed.output)")
    }

    @Test
    func cnitoolTellsWhatWouldMove() throws {
        try host.directory.write(
            "net.d/lan.conflist",
            String(
                decoding: JSONValue.object(["cniVersion": "1.0.0", "name": "net1", "plugins": [network.configuration]])
                    .serialized(), as: UTF8.self))
        let before = try settings(of: "eth1")
        let told = try host.namespace.output(
            of: "env",
            ["NETCONFPATH=\(host.directory.path)/net.d", "CNI_PATH=\(Executables.own)"] + host.launcher + [
                "\(Executables.own)/cnitool", "add", "--dry-run", "net1", containers[0].path,
            ])
        for line in [
            "would make bridge bridge0, MAC address ", "would move address 192.0.2.9/24 from eth1 to bridge0\n",
            "would make eth1 a port of bridge0\n", "would move route default via 192.0.2.1 metric 100",
        ] {
            #expect(told.contains(line), "\(told)")
        }
        #expect(try settings(of: "eth1") == before)
        #expect(try host.linkNames() == ["eth1", "lo"])
    }
}
