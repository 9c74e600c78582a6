import Addressing
import LinuxSystem
import Overlay
import RouteNetlink
import TestSupport
import Testing

/// On a device of flannel's name, whatever the reference left there.
extension VXLANOverlayTests {
    /// The overlay of flannel's IPv4, with what its configuration may ask for.
    private func flannel(learning: Bool = false, groupPolicy: Bool = false, direct: Bool = false) throws -> VXLANOverlay
    {
        let device = VXLANDevice(
            name: "flannel.1", id: 1, underlay: underlay, local: try #require(IPAddress("192.168.77.11")),
            mac: try #require(MACAddress("02:00:00:00:00:0b")), mtu: 1450,
            delivery: .routed(addresses: [try #require(IPAddress("10.244.1.0"))], isLearning: learning),
            hasGroupPolicy: groupPolicy, takesOver: true)
        return VXLANOverlay(
            device: device,
            peers: try overlay().peers.map { peer in
                VXLANPeer(endpoint: peer.endpoint, mac: peer.mac, subnets: peer.subnets.filter { $0.family == .v4 })
            },
            directNetworks: direct ? [try #require(CIDR("192.168.77.0/24"))] : [])
    }

    private func makeDevice(_ options: String = "dstport 8472 nolearning") throws {
        try host.namespace.shell(
            """
            ip link add flannel.1 address 02:00:00:00:00:0b mtu 1450 type vxlan id 1 dev under0 local 192.168.77.11 \
                \(options)
            ip address add 10.244.1.0/32 dev flannel.1
            ip link set flannel.1 up
            """)
    }

    @Test func whatFlannelLeftOnItsDeviceIsOurs() throws {
        try makeDevice()
        try host.namespace.shell(
            """
            for n in 2 9; do
                ip neigh add 10.244.$n.0 lladdr 02:00:00:00:00:0c dev flannel.1 nud permanent
                ip route add 10.244.$n.0/24 via 10.244.$n.0 dev flannel.1 onlink
            done
            bridge fdb add 02:00:00:00:00:0c dev flannel.1 dst 192.168.77.12
            ip route add 10.50.0.0/16 dev flannel.1
            """)
        let found = try reconcile(flannel())
        #expect(found.contains("device flannel.1: route 10.244.9.0/24 surplus, removed"), "\(found)")
        #expect(found.contains("device flannel.1: neighbor 10.244.9.0 surplus, removed"))
        #expect(
            try host.run("ip", "route", "show", "dev", "flannel.1") == """
                10.50.0.0/16 scope link\u{20}
                10.244.2.0/24 via 10.244.2.0 proto 193 onlink\u{20}
                10.244.3.0/24 via 10.244.3.0 proto 193 onlink\u{20}

                """)
        #expect(try reconcile(flannel()).isEmpty)
    }

    @Test(arguments: ["dstport 4789", "dstport 8472 gbp", "dstport 8472 l2miss"])
    func aDeviceThatFlannelMadeAnotherWayIsMadeAnew(options: String) throws {
        try makeDevice(options)
        #expect(try reconcile(flannel()).contains("device flannel.1: missing, added"))
        #expect(try reconcile(flannel()).isEmpty)
    }

    @Test func aDeviceWithAnOldMTUAndLearningIsChangedInPlace() throws {
        try makeDevice("dstport 8472 learning")
        try host.run("ip", "link", "set", "flannel.1", "mtu", "1400")
        let found = try reconcile(flannel())
        #expect(found.contains("device flannel.1: learning wrong (on), corrected"), "\(found)")
        #expect(!found.contains("device flannel.1: missing, added"))
    }

    @Test func groupPolicyAndLearningAreAskedFor() throws {
        try reconcile(flannel(learning: true, groupPolicy: true))
        let options = try host.run("ip", "-d", "link", "show", "flannel.1")
        #expect(options.contains(" gbp") && !options.contains("nolearning"), "\(options)")
        try host.run("bridge", "fdb", "add", "02:00:00:00:00:99", "dev", "flannel.1", "dst", "192.168.77.12", "dynamic")
        #expect(try reconcile(flannel(learning: true, groupPolicy: true)).isEmpty)
        #expect(try reconcile(flannel()).contains("device flannel.1: group policy wrong (on), corrected"))
    }

    @Test func flannelsDirectRoutesBecomeOurs() throws {
        try makeDevice()
        try host.run("ip", "route", "add", "10.244.2.0/24", "via", "192.168.77.12")
        try reconcile(flannel(direct: true))
        #expect(
            try host.run("ip", "route", "show", "proto", "193") == """
                10.244.2.0/24 via 192.168.77.12 dev under0\u{20}
                10.244.3.0/24 via 192.168.77.13 dev under0\u{20}

                """)
    }
}
