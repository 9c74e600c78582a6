import JSON
import LinuxSystem
import TestSupport
import Testing

/// CHECK says each difference, and none where there is none.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeCheckTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        network = try BridgeNetwork()
        network.version = "1.1.0"
        network.ranges = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]
        network.ipamMore = [
            "routes": [
                ["dst": "10.9.0.0/16", "mtu": 1300, "advmss": 1200, "priority": 50],
                ["dst": "10.10.0.0/16", "gw": "10.1.2.7", "table": 77],
            ]
        ]
        network.more["ipMasq"] = true
        container = try TestContainer()
    }

    struct Change: CustomTestStringConvertible, Sendable {
        /// A shell command; `$port` is the interface on the host.
        var command: String
        var isInContainer = false
        /// `$port`, `$mac` of it and `$bridge`, the bridge's, stand for themselves; nil where CHECK has nothing to say.
        var message: String?

        var testDescription: String { command }
    }

    static let changes = [
        Change(
            command: "ip link set bridge0 down",
            // The kernel takes the address away as well.
            message: "Bridge interface bridge0 is down; Failed to match gateway addr fd00:1::1/64 on interface bridge0"),
        Change(
            command: "ip link set $port nomaster", message: "CNI veth created for bridge bridge0 was not found"),
        Change(command: "ip link set $port down", message: "Interface $port is down"),
        Change(
            command: "ip link set $port type bridge_slave hairpin on",
            message: "Interface $port configured hairpin false doesn't match current state: true"),
        Change(
            command: "ip link set $port type bridge_slave isolated on",
            message: "Interface $port configured isolated false doesn't match current state: true"),
        Change(
            command: "ip link set $port address 02:00:00:00:00:77",
            message: "Interface $port Mac doesn't match: $mac in prevResult, 02:00:00:00:00:77 now"),
        Change(
            command: "ip link set bridge0 address 02:00:00:00:00:78",
            message: "Bridge interface bridge0 Mac doesn't match: $bridge in prevResult, 02:00:00:00:00:78 now"),
        Change(
            command: "ip address del 10.1.2.1/24 dev bridge0",
            message: "Failed to match gateway addr 10.1.2.1/24 on interface bridge0"),
        Change(
            command: "ip address del fd00:1::1/64 dev bridge0",
            message: "Failed to match gateway addr fd00:1::1/64 on interface bridge0"),
        Change(
            command: "nft flush map inet cni_bridge sources4",
            message: "Masquerade of 10.1.2.2, fd00:1::2 is missing"),
        Change(
            command: "ip address del fd00:1::2/64 dev eth0", isInContainer: true,
            message: "Failed to match addr fd00:1::2/64 on interface eth0"),
        Change(
            command: "ip route replace 10.9.0.0/16 via 10.1.2.1 mtu 1400 advmss 1200 metric 50", isInContainer: true,
            message: "Expected Route 10.9.0.0/16 metric 50 mtu 1300 advmss 1200 not found in routing table"),
        Change(
            command: "ip route del 10.10.0.0/16 table 77", isInContainer: true,
            message: "Expected Route 10.10.0.0/16 via 10.1.2.7 table 77 not found in routing table"),
        Change(
            command: "ip -6 route del default", isInContainer: true,
            message: "Expected Route ::/0 via fd00:1::1 not found in routing table"),
        // What later plugins of a chain may have done.
        Change(command: "ip address add 10.77.0.1/24 dev eth0", isInContainer: true),
        Change(command: "ip route add 10.55.0.0/16 via 10.1.2.9", isInContainer: true),
        Change(command: "ip link set eth0 mtu 1400", isInContainer: true),
        Change(command: "ip address add 192.0.2.1/24 dev bridge0"),
    ]

    @Test(arguments: changes)
    func saysWhatIsDifferent(change: Change) throws {
        let added = try network.call(container).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        let call = network.call(container).after(added)
        let before = try call.run("CHECK", on: network.host)
        #expect(before.succeeded, "\(before.output)")

        let port = try #require(added.interface(1)?["name"]?.string)
        let mac = try #require(added.interface(1)?["mac"]?.string)
        let bridge = try #require(added.interface(0)?["mac"]?.string)
        let script = "port=\(port); \(change.command)"
        _ = try change.isInContainer ? container.run("sh", "-c", script) : network.host.run("sh", "-c", script)
        let after = try call.run("CHECK", on: network.host)
        let message = change.message?.replacing("$port", with: port).replacing("$mac", with: mac)
            .replacing("$bridge", with: bridge)
        #expect(after.errorMessage == message)
        #expect(after.errorCode == (message == nil ? nil : 999))
    }

    /// As long as it is no gateway, the kernel gives it the lowest MAC address of its ports.
    @Test mutating func aBridgeOfOthersMayFollowItsPorts() throws {
        network.more = ["isDefaultGateway": false]
        try network.host.run("ip", "link", "add", "bridge0", "type", "bridge")
        let added = try network.call(container).run("ADD", on: network.host)
        let mac = try #require(added.interface(0)?["mac"]?.string, "\(added.output)")
        // What the next container may bring.
        try network.host.run(
            "ip", "link", "add", "port0", "address", "00:00:00:00:00:01", "master", "bridge0", "type", "veth")
        let now = try network.host.link("bridge0")?["address"]
        #expect(now == "00:00:00:00:00:01" && now?.string != mac)
        let checked = try network.call(container).after(added).run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
    }

    @Test func saysEachDifferenceAtOnce() throws {
        let added = try network.call(container).run("ADD", on: network.host)
        let port = try #require(added.interface(1)?["name"]?.string)
        try network.host.run("ip", "link", "set", port, "type", "bridge_slave", "hairpin", "on", "isolated", "on")
        try network.host.run("ip", "address", "del", "10.1.2.1/24", "dev", "bridge0")
        try container.run("ip", "address", "del", "fd00:1::2/64", "dev", "eth0")
        let message = try network.call(container).after(added).run("CHECK", on: network.host).errorMessage
        let differences = message?.split(separator: "; ").map(String.init) ?? []
        for expected in [
            "Interface \(port) configured hairpin false doesn't match current state: true",
            "Interface \(port) configured isolated false doesn't match current state: true",
            "Failed to match addr fd00:1::2/64 on interface eth0",
            "Failed to match gateway addr 10.1.2.1/24 on interface bridge0",
        ] {
            #expect(differences.contains(expected), "\(differences)")
        }
    }
}
