import Addressing
import LinuxSystem
import TestSupport
import Testing
import UDPTunnel

/// Two hosts and their containers, over UDP.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct TunnelTests {
    @Test(arguments: [1, 2, 4])
    func containersReachEachOther(queues: Int) throws {
        let (one, two) = try TunnelHost.pair(queues: queues)
        #expect(one.container.reaches(two.podIP))
        #expect(two.container.reaches(one.podIP))
        // The host itself, by the address of its device.
        try one.host.run("ping", "-c", "1", "-W", "5", two.podIP)
        // As large as may be, and not in parts.
        #expect(one.container.reaches(two.podIP, bytes: 1472 - 28))
        // And in parts.
        try one.container.run("ping", "-c", "1", "-W", "5", "-s", "20000", two.podIP)
        let tunnel = try #require(one.tunnel)
        // What has just arrived is counted a moment later.
        for _ in 0..<100 where min(tunnel.counts.sent, tunnel.counts.received) <= 15 {
            #expect(one.container.reaches(two.podIP))
        }
        let counts = tunnel.counts
        #expect(counts.sent > 15 && counts.received > 15)
        #expect(counts.malformed == 0 && counts.misdirected == 0 && counts.refused == 0)
    }

    @Test func theDeviceIsAsFlannelMakesIt() throws {
        let (one, _) = try TunnelHost.pair()
        let link = try #require(try one.host.link("flannel0"))
        #expect(link["mtu"] == 1472)
        #expect(
            try one.host.run("ip", "route", "show", "proto", "193") == "10.244.0.0/16 dev flannel0 scope link \n"
                || one.host.run("ip", "route", "show", "proto", "193") == "10.244.0.0/16 dev flannel0 \n")
        #expect(try one.host.run("ip", "-br", "address", "show", "dev", "flannel0").contains("10.244.1.0/32"))
        #expect(try one.reconcile().isEmpty)
        try one.host.namespace.shell(
            "ip link set flannel0 mtu 1400; ip route del 10.244.0.0/16; ip address add 10.244.9.9/32 dev flannel0")
        #expect(
            try one.reconcile() == [
                "device flannel0: MTU wrong (1400), corrected",
                "device flannel0: address 10.244.9.9/32 surplus, removed",
                "device flannel0: route 10.244.0.0/16 missing, added",
            ])
        #expect(try one.reconcile().isEmpty)
    }

    @Test func manyBytesArriveAsTheyWereSent() throws {
        let (one, two) = try TunnelHost.pair()
        try TCPTransfer.run(blocks: 20, from: one.container, to: two.podIP, in: two.container)
        try TCPTransfer.run(blocks: 20, from: two.container, to: one.podIP, in: one.container)
    }

    /// Without what spares the kernel work, every packet is as it would be on a wire.
    @Test func manyBytesArriveWithoutOffloads() throws {
        let (one, two) = try TunnelHost.pair()
        for side in [one, two] {
            try side.host.namespace.shell(
                "ethtool -K eth0 tx off gso off gro off >/dev/null; ethtool -K pod tx off gso off")
            try side.container.run("ethtool", "-K", "eth0", "tx", "off", "gso", "off")
        }
        try TCPTransfer.run(blocks: 5, from: one.container, to: two.podIP, in: two.container)
    }

    /// A way between the hosts that carries less than their links.
    @Test func manyBytesArriveOverALinkThatCarriesLess() throws {
        let (one, two) = try TunnelHost.pair()
        try one.host.run("ip", "route", "add", two.publicIP, "dev", "eth0", "mtu", "1400")
        try TCPTransfer.run(blocks: 5, from: one.container, to: two.podIP, in: two.container)
    }

    @Test func aSubnetOfNobodyIsUnreachable() throws {
        let (one, _) = try TunnelHost.pair()
        for machine in [one.container.namespace.path, one.host.namespace.path] {
            let said = try one.host.namespace.shell(
                "nsenter --net=\(machine) ping -c 1 -W 5 10.244.9.9 || [ $? -eq 1 ]")
            #expect(said.contains("From 10.244.1.0 icmp_seq=1 Destination Net Unreachable"), "\(said)")
        }
        // TCP learns of it as well, whatever the kernel left of its checksum.
        let refused = try one.container.outcome(of: ["curl", "-sS", "-m", "20", "http://10.244.9.9/"], [:], input: [])
        // Not 28, which it would be if it had waited.
        #expect(refused.ending == .exited(7), "\(refused)")
        #expect(try #require(one.tunnel).counts.unroutable >= 1)
    }

    @Test func theLastHopIsTold() throws {
        let (one, two) = try TunnelHost.pair()
        // The kernel of the container's host takes one hop, and each end of the tunnel another.
        for (hops, router) in [("1", "10.244.1.1"), ("2", "10.244.1.0"), ("3", "10.244.2.0")] {
            let said = try one.container.namespace.shell(
                "ping -c 1 -W 5 -t \(hops) \(two.podIP) || [ $? -eq 1 ]")
            #expect(said.contains("From \(router) icmp_seq=1 Time to live exceeded"), "\(said)")
        }
        #expect(try one.container.run("ping", "-c", "1", "-W", "5", two.podIP).contains("ttl=60"))
    }

    @Test func aDeviceThatIsThereIsNobodyElses() throws {
        let (one, two) = try TunnelHost.pair()
        let settings = Tunnel.Settings(
            device: "flannel0", local: try #require(IPv4Address("192.168.77.11")), port: 9999,
            address: try #require(IPv4Address("10.244.1.0")), subnets: [], queues: 1)
        let error = #expect(throws: SystemError.self) {
            try one.host.namespace.run { () throws(SystemError) in try Tunnel(settings) }
        }
        #expect(error?.code == .busy)
        let other = Tunnel.Settings(
            device: "flannel1", local: settings.local, address: settings.address, subnets: [], queues: 1)
        let taken = #expect(throws: SystemError.self) {
            try one.host.namespace.run { () throws(SystemError) in try Tunnel(other) }
        }
        #expect(taken?.code == .addressInUse)
        #expect(try !one.host.linkNames().contains("flannel1"))
        #expect(one.container.reaches(two.podIP))
    }

    @Test func theDeviceGoesWithTheTunnel() throws {
        let (one, _) = try TunnelHost.pair()
        one.tunnel?.stop()
        #expect(one.tunnel?.failure == nil)
        #expect(try !one.host.linkNames().contains("flannel0"))
        one.tunnel?.stop()
    }

    @Test func aDeletedDeviceIsAFailure() throws {
        let (one, _) = try TunnelHost.pair()
        let tunnel = try #require(one.tunnel)
        try one.host.run("ip", "link", "del", "flannel0")
        while tunnel.failure == nil { try one.host.run("true") }
        #expect(tunnel.failure != nil)
    }
}
