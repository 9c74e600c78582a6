import Addressing
import LinuxSystem
import RouteNetlink
import TestSupport
import Testing

@testable import Overlay

/// Hosts of one link, beside routes of others on it.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct HostGatewayOverlayTests {
    let host: TestHost

    init() throws {
        host = try TestHost()
        try host.namespace.shell(
            """
            ip link add under0 type veth peer name under1
            ip link set under0 up
            ip link set under1 up
            ip address add 192.168.77.11/24 dev under0
            ip address add fd77::11/64 dev under0 nodad
            """)
    }

    static let peers = [
        "10.244.2.0/24 192.168.77.12", "fd00:2::/64 fd77::12", "10.244.3.0/24 192.168.77.13", "fd00:3::/64 fd77::13",
    ]

    /// An overlay as it is seen at this moment.
    func overlay(
        _ peers: [String] = peers, networks: [String] = ["10.244.0.0/16", "fd00::/16"]
    ) throws -> HostGatewayOverlay {
        var socket = try RouteSocket(in: host.namespace)
        let link = try #require(try socket.link(named: "under0"))
        return try HostGatewayOverlay(
            over: link, networks: networks.map { try #require(CIDR($0)) },
            peers: peers.map { text in
                let words = text.split(separator: " ")
                return HostGatewayPeer(subnet: try #require(CIDR(words[0])), gateway: try #require(IPAddress(words[1])))
            },
            on: &socket)
    }

    @discardableResult
    func reconcile(_ overlay: HostGatewayOverlay) throws -> [String] {
        try host.namespace.run { () throws(SystemError) in
            var socket = try RouteSocket()
            return try overlay.reconcile(on: &socket, holding: OverlayLock())
        }.map { "\($0)" }
    }

    func routes() throws -> String {
        try host.namespace.shell("ip -4 route show proto 193; ip -6 route show proto 193")
    }

    static let all = """
        10.244.2.0/24 via 192.168.77.12 dev under0\u{20}
        10.244.3.0/24 via 192.168.77.13 dev under0\u{20}
        fd00:2::/64 via fd77::12 dev under0 metric 1024 pref medium
        fd00:3::/64 via fd77::13 dev under0 metric 1024 pref medium

        """

    @Test func routesToEachHostByItsAddressAndForwards() throws {
        let overlay = try overlay()
        #expect(overlay.unreachablePeers.isEmpty)
        #expect(try reconcile(overlay).first == "peer 192.168.77.12: route 10.244.2.0/24 missing, added")
        #expect(try routes() == Self.all)
        #expect(try host.run("sysctl", "-n", "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding") == "1\n1\n")
        #expect(try reconcile(overlay).isEmpty)
    }

    @Test(arguments: [
        ("ip route del 10.244.2.0/24", "peer 192.168.77.12: route 10.244.2.0/24 missing, added"),
        (
            "ip route replace 10.244.2.0/24 via 192.168.77.99 proto 193",
            "peer 192.168.77.12: route 10.244.2.0/24 wrong (10.244.2.0/24 via 192.168.77.99), corrected"
        ),
        (
            "ip route replace 10.244.3.0/24 dev under1 proto 193",
            "peer 192.168.77.13: route 10.244.3.0/24 wrong (10.244.3.0/24), corrected"
        ),
        (
            "ip route add 10.244.9.0/24 via 192.168.77.19 proto 193",
            "device under0: route 10.244.9.0/24 surplus, removed"
        ),
        ("ip -6 route flush proto 193", "peer fd77::13: route fd00:3::/64 missing, added"),
        (
            "ip link set under0 down; ip link set under0 up; ip -6 address replace fd77::11/64 dev under0 nodad",
            "peer 192.168.77.12: route 10.244.2.0/24 missing, added"
        ),
    ])
    func mendsAndNames(command: String, difference: String) throws {
        try reconcile(overlay())
        try host.namespace.shell(command)
        #expect(try routes() != Self.all)
        #expect(try reconcile(overlay()).contains(difference))
        #expect(try routes() == Self.all)
    }

    @Test func aHostThatLeftAndOneWithAnotherAddressAreFollowed() throws {
        try reconcile(overlay())
        #expect(try reconcile(overlay(["10.244.2.0/24 192.168.77.22"])).count == 4)
        #expect(try routes() == "10.244.2.0/24 via 192.168.77.22 dev under0 \n")
    }

    @Test func whoIsNotOnTheLinkIsNamedAndLeftOut() throws {
        try host.namespace.shell("ip route add 172.16.5.0/24 via 192.168.77.1; ip route add 172.16.6.0/24 dev under0")
        let overlay = try overlay([
            "10.244.4.0/24 172.16.5.4", "10.244.5.0/24 192.168.77.11", "0.0.0.0/0 192.168.77.66",
            "10.244.0.0/15 192.168.77.67",
            "fd00:4::/64 192.168.77.14", "10.244.6.0/24 172.16.6.6", "10.244.7.0/24 192.168.77.17",
        ])
        #expect(
            overlay.unreachablePeers.map { "\($0.peer.subnet) \($0.fault)" } == [
                "10.244.4.0/24 is behind a router, and host-gw needs all hosts on one link",
                "10.244.5.0/24 has the address of this host", "0.0.0.0/0 has a subnet outside of the network",
                "10.244.0.0/15 has a subnet outside of the network",
                "fd00:4::/64 is behind a router, and host-gw needs all hosts on one link",
            ])
        #expect(try reconcile(overlay).count == 2)
        #expect(
            try routes() == """
                10.244.6.0/24 via 172.16.6.6 dev under0\u{20}
                10.244.7.0/24 via 192.168.77.17 dev under0\u{20}

                """)
    }

    @Test func routesOfOthersStay() throws {
        let foreign =
            "10.244.9.0/24 via 192.168.77.19 dev under0 \n10.99.0.0/16 via 192.168.77.19 dev under0 proto 193 \n"
        try host.namespace.shell(
            """
            ip route add 10.99.0.0/16 via 192.168.77.19 proto 193
            ip route add 10.244.9.0/24 via 192.168.77.19
            ip route add 10.244.3.0/24 via 192.168.77.99
            """)
        let error = #expect(throws: SystemError.self) { try reconcile(overlay()) }
        #expect(error?.code == .exists && error?.subject == "10.244.3.0/24 via 192.168.77.13")
        #expect(try routes().split(separator: "\n").count == 4)
        try host.run("ip", "route", "del", "10.244.3.0/24")
        try reconcile(overlay())
        try reconcile(overlay([]))
        #expect(try host.namespace.shell("ip route show to root 10.244.0.0/16; ip route show 10.99.0.0/16") == foreign)
    }

    @Test func theRoutesOfFlannelBecomeOurs() throws {
        try host.namespace.shell(
            """
            ip route add 10.244.2.0/24 via 192.168.77.12 dev under0
            ip -6 route add fd00:2::/64 via fd77::12 dev under0
            """)
        #expect(try reconcile(overlay()).count == 4)
        #expect(try routes() == Self.all)
        #expect(try host.run("ip", "route", "show", "10.244.2.0/24").split(separator: "\n").count == 1)
    }

    @Test func twoNetworksOfOneLinkKeepOutOfEachOther() throws {
        let second = ["10.245.2.0/24 192.168.77.12", "10.245.3.0/24 192.168.77.13"]
        try reconcile(overlay())
        try reconcile(overlay(second, networks: ["10.245.0.0/16"]))
        #expect(try reconcile(overlay()).isEmpty)
        #expect(try reconcile(overlay(second, networks: ["10.245.0.0/16"])).isEmpty)
        #expect(try reconcile(overlay([])).count == 4)
        #expect(try routes().split(separator: "\n").count == 2)
    }

    /// A VXLAN whose subnets lie between those of the network here, and that needs no device to reach them.
    @Test func whatAnotherOverlayRoutesPastItsDeviceStays() throws {
        let vxlan = try VXLANOverlayTests(on: host)
        try vxlan.reconcile(vxlan.nested(direct: true))
        let before = try routes()
        #expect(before.split(separator: "\n").count == 2)
        try reconcile(overlay())
        try reconcile(overlay([]))
        #expect(try routes() == before)
    }
}
