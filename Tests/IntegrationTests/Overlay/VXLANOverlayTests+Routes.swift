import Addressing
import LinuxSystem
import Overlay
import RouteNetlink
import TestSupport
import Testing

/// Beside routes of others.
extension VXLANOverlayTests {
    @Test func foreignRoutesStayAndAreInTheWay() throws {
        try host.namespace.shell(
            "ip route add 10.244.3.0/24 dev under0; ip route add 10.99.0.0/16 dev under0 proto 193")
        let error = #expect(throws: SystemError.self) { try reconcile(overlay()) }
        #expect(error?.code == .exists && error?.subject == "10.244.3.0/24 via 10.244.3.0")
        // Everything else is there.
        #expect(try host.run("ip", "route", "show", "10.244.2.0/24").contains("vxlan.1"))
        #expect(try host.run("ip", "route", "show", "10.244.3.0/24").contains("under0"))
        try host.run("ip", "route", "del", "10.244.3.0/24")
        #expect(try reconcile(overlay()) == ["peer 192.168.77.13: route 10.244.3.0/24 missing, added"])
        #expect(try host.run("ip", "route", "show", "10.99.0.0/16").contains("under0"))
    }

    /// Wider routes by other devices, which lead to the gateways as well.
    @Test(arguments: [
        "fd00::/8 via fd77::99", "fd00::/16 dev under1", "fd00:2::/127 via fd77::99", "unreachable fd00::/8",
    ])
    func aWiderRouteOfOthersIsNotInTheWay(route: String) throws {
        try host.namespace.shell("ip -6 route add \(route)")
        let overlay = try overlay()
        #expect(try reconcile(overlay).count == 13)
        #expect(try host.run("ip", "-6", "route", "show", "proto", "193").split(separator: "\n").count == 2)
        #expect(try reconcile(overlay).isEmpty)
    }

    @Test func routesChangeToAndFroDirectRouting() throws {
        let encapsulated = try overlay(over6: true)
        let direct = try self.overlay(over6: true, direct: true)
        try reconcile(encapsulated)
        let before = try state()
        for _ in 1...2 {
            try reconcile(direct)
            #expect(try reconcile(direct).isEmpty)
            #expect(
                try host.run("ip", "-6", "route", "show", "proto", "193") == """
                    fd00:2::/64 via fd77::12 dev under0 metric 1024 pref medium
                    fd00:3::/64 via fd77::13 dev under0 metric 1024 pref medium

                    """)
            try reconcile(encapsulated)
            #expect(try state() == before)
        }
        // A host that leaves takes its direct route along.
        try reconcile(direct)
        try reconcile(self.overlay(peers: 1, over6: true, direct: true))
        #expect(try host.run("ip", "-6", "route", "show", "proto", "193").split(separator: "\n").count == 1)
    }

    @Test func anothersRouteWithAnotherMetricStaysAndIsNamed() throws {
        let overlay = try overlay()
        try reconcile(overlay)
        // Ours was moved behind, and the other one took its place.
        try host.namespace.shell(
            """
            ip route del 10.244.2.0/24
            ip route add 10.244.2.0/24 via 10.244.2.0 dev vxlan.1 onlink proto 193 metric 100
            ip route add 10.244.2.0/24 via 192.168.77.99
            ip route add fd00:3::/64 via fd77::99 metric 100
            """)
        let error = #expect(throws: SystemError.self) { try reconcile(overlay) }
        #expect(error.map { "\($0)" } == "add route 10.244.2.0/24 via 10.244.2.0: File exists")
        #expect(try host.run("ip", "route", "show", "10.244.2.0/24").contains("via 192.168.77.99 dev under0"))
        try host.run("ip", "route", "del", "10.244.2.0/24", "via", "192.168.77.99")
        let hidden = #expect(throws: SystemError.self) { try reconcile(overlay) }
        #expect(
            hidden.map { "\($0)" } == "use route fd00:3::/64 via fd00:3::: File exists: the kernel prefers fd00:3::/64 "
                + "via fd77::99 metric 100, which is another program's; delete that route")
        #expect(try host.run("ip", "-6", "route", "show", "fd00:3::/64").contains("via fd77::99 dev under0"))
        try host.run("ip", "route", "del", "fd00:3::/64", "via", "fd77::99")
        #expect(try reconcile(overlay).isEmpty)
    }

    @Test func anothersRouteOfTheSameMetricIsNamedWhereItComesFirst() throws {
        let overlay = try overlay()
        try reconcile(overlay)
        try host.run("ip", "route", "append", "10.244.2.0/24", "via", "192.168.77.98")
        #expect(try reconcile(overlay).isEmpty)
        try host.run("ip", "route", "prepend", "10.244.3.0/24", "via", "192.168.77.99")
        let hidden = #expect(throws: SystemError.self) { try reconcile(overlay) }
        #expect(
            hidden.map { "\($0)" } == "use route 10.244.3.0/24 via 10.244.3.0: File exists: the kernel prefers "
                + "10.244.3.0/24 via 192.168.77.99, which is another program's; delete that route")
        #expect(try host.run("ip", "route", "get", "10.244.3.7").contains("via 192.168.77.99"))
        try host.run("ip", "route", "del", "10.244.3.0/24", "via", "192.168.77.99")
        #expect(try reconcile(overlay).isEmpty)
    }

    @Test func twoOverlaysKeepOutOfEachOther() throws {
        let first = try overlay(direct: true)
        let second = try nested(direct: true)
        try reconcile(first)
        try reconcile(second)
        let before = try host.run("ip", "route", "show", "proto", "193")
        #expect(before.split(separator: "\n").count == 4)
        for overlay in [first, second, try self.overlay(), try nested(direct: false)] { try reconcile(overlay) }
        #expect(try host.run("ip", "route", "show", "proto", "193").split(separator: "\n").count == 4)
        try reconcile(self.overlay(peers: 0))
        #expect(try host.run("ip", "route", "show", "proto", "193").split(separator: "\n").count == 2)
        #expect(try reconcile(nested(direct: false)).isEmpty)
    }

    /// Another network, whose subnets lie between those of the first.
    func nested(direct isDirect: Bool) throws -> VXLANOverlay {
        let device = VXLANDevice(
            name: "vxlan.2", id: 2, underlay: underlay, local: try #require(IPAddress("192.168.77.11")),
            mac: try #require(MACAddress("02:00:00:00:02:0b")), mtu: 1450,
            delivery: .routed(addresses: [try #require(IPAddress("10.244.101.0"))]))
        let peers = try (0..<2).map { number in
            VXLANPeer(
                endpoint: try #require(IPAddress("192.168.77.\(12 + number)")),
                mac: MACAddress(locallyAdministeredFrom: UInt64(0x200 + number)),
                subnets: [try #require(CIDR("10.244.\(102 + number).0/24"))])
        }
        return VXLANOverlay(
            device: device, peers: peers, directNetworks: isDirect ? [try #require(CIDR("192.168.77.0/24"))] : [])
    }
}
