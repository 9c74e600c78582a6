import Addressing
import LinuxSystem
import Overlay
import RouteNetlink
import TestSupport
import Testing

/// The kernel's state is made what it should be, whatever was done to it.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANOverlayTests {
    let host: TestHost
    let underlay: InterfaceIndex

    init() throws {
        let host = try TestHost()
        try host.namespace.shell(
            """
            ip link add under0 type veth peer name under1
            ip link set under0 up
            ip link set under1 up
            ip address add 192.168.77.11/24 dev under0
            ip address add fd77::11/64 dev under0 nodad
            """)
        try self.init(on: host)
    }

    /// On a host with an underlay.
    init(on host: TestHost) throws {
        self.host = host
        var socket = try RouteSocket(in: host.namespace)
        underlay = try #require(try socket.link(named: "under0")).index
    }

    func overlay(peers: Int = 2, mtu: UInt32 = 1450, over6 isV6: Bool = false, direct isDirect: Bool = false)
        throws -> VXLANOverlay
    {
        let prefix = isV6 ? "fd77::" : "192.168.77."
        let addresses = try ["10.244.1.0", "fd00:1::"].map { try #require(IPAddress($0)) }
        let device = VXLANDevice(
            name: "vxlan.1", id: 1, underlay: underlay, local: try #require(IPAddress("\(prefix)11")),
            mac: try #require(MACAddress("02:00:00:00:00:0b")), mtu: isV6 ? 1430 : mtu,
            delivery: .routed(addresses: addresses))
        let others = try (0..<peers).map { number in
            VXLANPeer(
                endpoint: try #require(IPAddress("\(prefix)\(12 + number)")),
                mac: MACAddress(locallyAdministeredFrom: UInt64(12 + number)),
                subnets: [
                    try #require(CIDR("10.244.\(2 + number).0/24")), try #require(CIDR("fd00:\(2 + number)::/64")),
                ])
        }
        return VXLANOverlay(
            device: device, peers: others,
            directNetworks: isDirect ? ["192.168.77.0/24", "fd77::/64"].compactMap { CIDR($0) } : [])
    }

    @discardableResult
    func reconcile(_ overlay: VXLANOverlay) throws -> [String] {
        try host.namespace.run { () throws(SystemError) in
            var socket = try RouteSocket()
            return try overlay.reconcile(on: &socket, holding: OverlayLock())
        }.map { "\($0)" }
    }

    /// All that an overlay consists of, as other programs tell it.
    func state() throws -> String {
        try host.namespace.shell(
            """
            set +e # The device may be gone.
            ip -d link show vxlan.1 | grep -o '> mtu [0-9]*\\|link/ether [0-9a-f:]*\\|vxlan id.*ageing [0-9]*\\|,UP'
            ip -br address show dev vxlan.1 | tr ' ' '\\n' | grep / | grep -v fe80 | sort
            ip -4 route show proto 193; ip -6 route show proto 193
            sysctl -n net/ipv4/conf/vxlan.1/forwarding net/ipv6/conf/vxlan.1/forwarding | grep -v 1 || true
            ip neigh show dev vxlan.1 nud permanent | sort
            bridge fdb show dev vxlan.1 | sort
            """)
    }

    @Test func makesWhatFlannelMakes() throws {
        let found = try reconcile(overlay())
        #expect(found.first == "device vxlan.1: missing, added")
        #expect(found.count == 13)
        #expect(
            try state() == """
                ,UP
                > mtu 1450
                link/ether 02:00:00:00:00:0b
                vxlan id 1 local 192.168.77.11 dev under0 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300
                10.244.1.0/32
                fd00:1::/128
                10.244.2.0/24 via 10.244.2.0 dev vxlan.1 onlink\u{20}
                10.244.3.0/24 via 10.244.3.0 dev vxlan.1 onlink\u{20}
                fd00:2::/64 via fd00:2:: dev vxlan.1 metric 1024 onlink pref medium
                fd00:3::/64 via fd00:3:: dev vxlan.1 metric 1024 onlink pref medium
                10.244.2.0 lladdr 02:00:00:00:00:0c PERMANENT\u{20}
                10.244.3.0 lladdr 02:00:00:00:00:0d PERMANENT\u{20}
                fd00:2:: lladdr 02:00:00:00:00:0c PERMANENT\u{20}
                fd00:3:: lladdr 02:00:00:00:00:0d PERMANENT\u{20}
                02:00:00:00:00:0c dst 192.168.77.12 self permanent
                02:00:00:00:00:0d dst 192.168.77.13 self permanent

                """)
        #expect(try host.run("sysctl", "-n", "net/ipv6/conf/vxlan.1/accept_ra") == "0\n")
    }

    @Test(arguments: [false, true])
    func theSecondTimeThereIsNothingToDo(over6 isV6: Bool) throws {
        let overlay = try overlay(over6: isV6)
        #expect(try !reconcile(overlay).isEmpty)
        let before = try state()
        #expect(try reconcile(overlay).isEmpty)
        #expect(try state() == before)
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let command: String
        let found: [String]
        var testDescription: String { command }

        init(_ command: String, _ found: String...) {
            self.command = command
            self.found = found
        }
    }

    static let damages = [
        Damage("ip link del vxlan.1", "device vxlan.1: missing, added"),
        Damage("ip address del 10.244.1.0/32 dev vxlan.1", "device vxlan.1: address 10.244.1.0/32 missing, added"),
        Damage("ip address add 10.244.9.0/32 dev vxlan.1", "device vxlan.1: address 10.244.9.0/32 surplus, removed"),
        Damage("ip route del 10.244.2.0/24", "peer 192.168.77.12: route 10.244.2.0/24 missing, added"),
        Damage("ip route del fd00:3::/64", "peer 192.168.77.13: route fd00:3::/64 missing, added"),
        Damage(
            "ip route replace 10.244.2.0/24 via 10.244.3.0 dev vxlan.1 onlink proto 193",
            "peer 192.168.77.12: route 10.244.2.0/24 wrong (10.244.2.0/24 via 10.244.3.0), corrected"),
        Damage(
            "ip route del 10.244.2.0/24; ip route add 10.244.2.0/24 via 10.244.2.0 dev vxlan.1 onlink proto 193 metric 9",
            "peer 192.168.77.12: route 10.244.2.0/24 wrong (10.244.2.0/24 via 10.244.2.0 metric 9), corrected"),
        Damage(
            "ip route del fd00:2::/64; ip route add fd00:2::/64 via fd00:2:: dev vxlan.1 onlink proto 193 metric 9",
            "peer 192.168.77.12: route fd00:2::/64 wrong (fd00:2::/64 via fd00:2:: metric 9), corrected"),
        Damage(
            "ip route replace 10.244.2.0/24 proto 193 nexthop via 10.244.2.0 dev vxlan.1 onlink "
                + "nexthop via 10.244.3.0 dev vxlan.1 onlink",
            "peer 192.168.77.12: route 10.244.2.0/24 wrong (10.244.2.0/24 via 10.244.2.0 and others), corrected"),
        Damage(
            "ip route replace fd00:2::/64 proto 193 nexthop via fd00:2:: dev vxlan.1 onlink "
                + "nexthop via fd00:3:: dev vxlan.1 onlink",
            "peer 192.168.77.12: route fd00:2::/64 wrong (fd00:2::/64 via fd00:2:: and others), corrected"),
        Damage(
            "ip route del 10.244.2.0/24; ip route add 10.244.2.0/24 metric 9 proto 193 "
                + "nexthop via 10.244.2.0 dev vxlan.1 onlink nexthop via 10.244.3.0 dev vxlan.1 onlink",
            "peer 192.168.77.12: route 10.244.2.0/24 wrong (10.244.2.0/24 via 10.244.2.0 and others metric 9), corrected"
        ),
        Damage(
            "ip route replace fd00:2::/64 dev under1 proto 193",
            "peer 192.168.77.12: route fd00:2::/64 wrong (fd00:2::/64), corrected"),
        Damage(
            "ip route replace 10.244.2.0/24 dev under1 proto 193",
            "peer 192.168.77.12: route 10.244.2.0/24 wrong (10.244.2.0/24), corrected"),
        Damage(
            "bridge fdb replace 02:00:00:00:00:0c dev vxlan.1 dst 192.168.77.12 port 4789",
            "peer 192.168.77.12: forwarding entry 02:00:00:00:00:0c wrong "
                + "(02:00:00:00:00:0c dst 192.168.77.12 port 4789), corrected"),
        Damage(
            "bridge fdb replace 02:00:00:00:00:0c dev vxlan.1 dst 192.168.77.12 vni 5",
            "peer 192.168.77.12: forwarding entry 02:00:00:00:00:0c wrong "
                + "(02:00:00:00:00:0c dst 192.168.77.12 vni 5), corrected"),
        Damage(
            "ip neigh del 10.244.2.0 dev vxlan.1", "peer 192.168.77.12: neighbor 10.244.2.0 missing, added"),
        Damage(
            "ip neigh replace fd00:2:: lladdr 02:00:00:00:00:99 dev vxlan.1",
            "peer 192.168.77.12: neighbor fd00:2:: wrong (fd00:2:: lladdr 02:00:00:00:00:99), corrected"),
        Damage(
            "ip neigh change 10.244.3.0 lladdr 02:00:00:00:00:0d nud stale dev vxlan.1",
            "peer 192.168.77.13: neighbor 10.244.3.0 wrong (10.244.3.0 lladdr 02:00:00:00:00:0d), corrected"),
        Damage(
            "bridge fdb del 02:00:00:00:00:0c dev vxlan.1",
            "peer 192.168.77.12: forwarding entry 02:00:00:00:00:0c missing, added"),
        Damage(
            "bridge fdb replace 02:00:00:00:00:0c dev vxlan.1 dst 192.168.77.99",
            "peer 192.168.77.12: forwarding entry 02:00:00:00:00:0c wrong "
                + "(02:00:00:00:00:0c dst 192.168.77.99), corrected"),
        Damage(
            "bridge fdb add 02:00:00:00:00:99 dev vxlan.1 dst 192.168.77.12",
            "peer 192.168.77.12: forwarding entry 02:00:00:00:00:99 surplus, removed"),
        Damage(
            "ip link set vxlan.1 address 02:00:00:00:00:99",
            "device vxlan.1: MAC address wrong (02:00:00:00:00:99), corrected"),
        Damage("ip link set vxlan.1 mtu 1400", "device vxlan.1: MTU wrong (1400), corrected"),
        Damage(
            "ip link set vxlan.1 type vxlan id 1 learning", "device vxlan.1: learning wrong (on), corrected"),
        Damage(
            "ip link set vxlan.1 type vxlan id 1 local 192.168.77.99",
            "device vxlan.1: local address wrong (192.168.77.99), corrected"),
        Damage("ip link set vxlan.1 type vxlan id 1 dev under1", "device vxlan.1: underlay wrong (another), corrected"),
        Damage("ip link set vxlan.1 down", "device vxlan.1: state wrong (down), corrected"),
        Damage(
            "ip link add b0 type bridge; ip link set vxlan.1 master b0",
            "device vxlan.1: bridge wrong (another), corrected"),
        Damage("ip link set vxlan.1 type vxlan id 1 ttl 5", "device vxlan.1: ttl wrong (5), corrected"),
        Damage("ip link set vxlan.1 type vxlan id 1 tos 4", "device vxlan.1: tos wrong (4), corrected"),
        Damage("ip link set vxlan.1 type vxlan id 1 df set", "device vxlan.1: df wrong (1), corrected"),
        Damage("ip link set vxlan.1 type vxlan id 1 ageing 5", "device vxlan.1: ageing wrong (5), corrected"),
        Damage(
            "sysctl -qw net/ipv4/conf/vxlan.1/forwarding=0", "device vxlan.1: IPv4 forwarding wrong (off), corrected"),
        Damage(
            "sysctl -qw net/ipv6/conf/vxlan.1/forwarding=0", "device vxlan.1: IPv6 forwarding wrong (off), corrected"),
        again("id 1 dstport 4789 dev under0", "port wrong (4789)"),
        again("id 2 dstport 8472 dev under0 local 192.168.77.11", "id wrong (2)"),
        again("id 1 dstport 8472 dev under0 local fd77::11", "local address wrong (fd77::11)"),
        again("id 1 dstport 8472 dev under0 group 239.1.1.1", "group wrong (239.1.1.1)"),
        again("id 1 dstport 8472 dev under0 noudpcsum", "checksums wrong (off)"),
        again("id 1 dstport 8472 dev under0 udp6zerocsumtx", "checksums over IPv6 wrong (off)"),
        again("id 1 dstport 8472 dev under0 udp6zerocsumrx", "checksums from IPv6 wrong (not required)"),
        again("id 1 dstport 8472 dev under0 maxaddress 5", "greatest number of entries wrong (5)"),
        again("id 1 dstport 8472 dev under0 ttl inherit", "ttl wrong (inherit)"),
        Damage(
            "ip link del vxlan.1; ip link add vxlan.1 type vxlan id 1 dstport 8472 dev under0 proxy; "
                + "ip link set vxlan.1 alias 'cni vxlan'",
            "device vxlan.1: options surplus, removed", "device vxlan.1: missing, added"),
    ]

    /// A device of ours that is another.
    static func again(_ options: String, _ found: String) -> Damage {
        Damage(
            "ip link del vxlan.1; ip link add vxlan.1 type vxlan \(options); ip link set vxlan.1 alias 'cni vxlan'",
            "device vxlan.1: \(found), corrected", "device vxlan.1: missing, added")
    }

    @Test(arguments: [
        "id 2 dstport 8472 dev under0", "id 1 dstport 4789 dev under0", "id 1 dstport 8472 dev under0 local fd77::11",
        "id 1 dstport 8472 dev under0 group 239.1.1.1", "external dstport 8472",
    ])
    func aDeviceOfAnotherProgramIsNeverDeleted(options: String) throws {
        try host.namespace.shell("ip link add vxlan.1 type vxlan \(options)")
        let before = try host.run("ip", "-d", "link", "show", "vxlan.1")
        let error = #expect(throws: SystemError.self) { try reconcile(overlay()) }
        #expect(error?.code == .exists)
        #expect(error?.explanation?.hasSuffix("delete it, or use another name") == true, "\(String(describing: error))")
        #expect(try host.run("ip", "-d", "link", "show", "vxlan.1") == before)
    }

    @Test func aDeviceThatWillDoIsTakenOver() throws {
        try host.namespace.shell(
            """
            ip link add vxlan.1 address 02:00:00:00:00:99 type vxlan id 1 dstport 8472 dev under0 local 192.168.77.11 \
                noudpcsum ttl 9
            """)
        let before = try host.ip("link", "show", "vxlan.1").array?.first?.object?["ifindex"]
        let kept = "device vxlan.1: checksums wrong (off), kept: another program made it"
        let found = try reconcile(overlay())
        #expect(found.contains("device vxlan.1: ttl wrong (9), corrected") && found.contains(kept), "\(found)")
        let after = try #require(host.ip("link", "show", "vxlan.1").array?.first?.object)
        #expect(after["ifindex"] == before && after["address"] == "02:00:00:00:00:0b" && after["ifalias"] == nil)
        #expect(try reconcile(overlay()) == [kept])
    }

    @Test func aNewDeviceIsMarked() throws {
        try reconcile(overlay())
        #expect(try host.ip("link", "show", "vxlan.1").array?.first?.object?["ifalias"] == "cni vxlan")
    }

    @Test func whatTheKernelRefusesForOnceIsNoReasonToDeleteADevice() throws {
        try reconcile(overlay())
        let index = try host.ip("link", "show", "vxlan.1").array?.first?.object?["ifindex"]
        let device = VXLANDevice(
            name: "vxlan.1", id: 1, underlay: underlay, local: try #require(IPAddress("192.168.77.11")),
            mac: try #require(MACAddress("03:00:00:00:00:0b")), mtu: 1450, delivery: .routed(addresses: []))
        #expect(throws: SystemError.self) { try reconcile(VXLANOverlay(device: device, peers: [])) }
        #expect(try host.ip("link", "show", "vxlan.1").array?.first?.object?["ifindex"] == index)
    }

    @Test(arguments: damages)
    func mendsAndNames(damage: Damage) throws {
        let overlay = try overlay()
        try reconcile(overlay)
        let before = try state()
        try host.namespace.shell(damage.command)
        #expect(try state() != before)
        let found = try reconcile(overlay)
        for difference in damage.found { #expect(found.contains(difference), "\(found)") }
        #expect(try state() == before)
        #expect(try reconcile(overlay).isEmpty)
    }

    @Test func aPeerThatLeftLeavesNothing() throws {
        try reconcile(overlay(peers: 2))
        let before = try state()
        try reconcile(overlay(peers: 4))
        #expect(try state() != before)
        #expect(try reconcile(overlay(peers: 2)).count == 10)
        #expect(try state() == before)
    }

    @Test func anotherKindOfLinkIsNotTouched() throws {
        try host.run("ip", "link", "add", "vxlan.1", "type", "bridge")
        let error = #expect(throws: SystemError.self) { try reconcile(overlay()) }
        #expect(
            error.map { "\($0)" } == "use vxlan vxlan.1: File exists: \"vxlan.1\" already exists but is not a VXLAN")
        #expect(try host.run("ip", "-d", "link", "show", "vxlan.1").contains("bridge"))
    }

    @Test func aDeviceWithTheSameNumberIsNamed() throws {
        try host.run(
            "ip", "link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472", "dev", "under0", "local",
            "192.168.77.11")
        let error = #expect(throws: SystemError.self) { try reconcile(overlay()) }
        #expect(error?.code == .exists && error?.explanation?.contains("use another id or port") == true)
    }
}
