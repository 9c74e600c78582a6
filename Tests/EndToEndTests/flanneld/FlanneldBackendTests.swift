import Foundation
import TestSupport
import Testing

/// The backends beside `vxlan`: other ways between the same hosts.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldBackendTests {
    struct Backend: Sendable, CustomTestStringConvertible {
        let type: String
        let mtu: Int
        let value: @Sendable (FlannelHost) -> String
        /// What leads from a host to another.
        let route: @Sendable (FlannelHost) -> String
        var testDescription: String { type }

        var network: String { #"{"Network":"10.244.0.0/16","Backend":{"Type":"\#(type)"}}"# }
    }

    static let backends = [
        Backend(
            type: "host-gw", mtu: 1500,
            value: { #"{"PublicIP":"\#($0.address)","PublicIPv6":null,"BackendType":"host-gw"}"# },
            route: { "\($0.subnet) via \($0.address) dev eth0" }),
        Backend(
            type: "udp", mtu: 1472, value: { #"{"PublicIP":"\#($0.address)","PublicIPv6":null}"# },
            route: { _ in "10.244.0.0/16 dev flannel0" }),
    ]

    private func expectFullReach(_ hosts: [FlannelHost], _ addresses: [String], _ backend: Backend) throws {
        for (source, host) in hosts.enumerated() {
            for (destination, address) in addresses.enumerated() where destination != source {
                #expect(host.container.reaches(address, bytes: 1), "host \(source + 1) to \(address)")
                #expect(host.container.reaches(address, bytes: backend.mtu - 28), "host \(source + 1) to \(address)")
            }
        }
    }

    @Test(arguments: backends)
    func threeHostsReachEachOtherAndAFourthJoinsAndLeaves(backend: Backend) throws {
        let cluster = try FlannelCluster(hosts: 4, network: backend.network)
        let first = Array(cluster.hosts.prefix(3))
        for host in first { try host.start() }
        try cluster.waitForRoutes(among: first)
        var addresses = try first.map { try $0.attach() }
        try expectFullReach(first, addresses, backend)
        try TCPTransfer.run(blocks: 50, from: first[0].container, to: addresses[1], in: first[1].container)
        for host in first {
            let lease = try cluster.etcd.ctl("get", "/coreos.com/network/subnets/\(host.leaseName)")
            #expect(lease.hasSuffix("\n\(backend.value(host))\n"))
            #expect(host.value("FLANNEL_MTU") == "\(backend.mtu)")
            for other in first where other.address != host.address {
                #expect(try host.routes().contains { $0.hasPrefix(backend.route(other)) })
            }
        }

        let fourth = cluster.hosts[3]
        try fourth.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        addresses.append(try fourth.attach())
        try expectFullReach(cluster.hosts, addresses, backend)

        #expect(fourth.stop() == 0)
        let places = try first.map { try $0.log.lines.count }
        try cluster.etcd.ctl("del", "/coreos.com/network/subnets/\(fourth.leaseName)")
        for (host, place) in zip(first, places) { try host.log.wait(for: "hosts that are routed to: 2", after: place) }
        try expectFullReach(first, Array(addresses.prefix(3)), backend)
    }

    @Test func routesOutliveTheDaemonThatMadeThem() throws {
        let cluster = try FlannelCluster(hosts: 2, network: Self.backends[0].network)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let addresses = try cluster.hosts.map { try $0.attach() }
        #expect(cluster.hosts[0].container.reaches(addresses[1]))
        let ping = try Pings(from: cluster.hosts[0].container, to: addresses[1])
        for number in 0..<10 {
            for host in cluster.hosts {
                host.stop(number.isMultiple(of: 2) ? SIGKILL : SIGTERM)
                try host.start()
            }
        }
        #expect(try ping.lost() == 0)
    }

    /// The process is the way, so that while it is away nothing passes; after that, as before.
    @Test func aTunnelComesBackWithItsProcess() throws {
        let cluster = try FlannelCluster(hosts: 2, network: Self.backends[1].network)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let addresses = try cluster.hosts.map { try $0.attach() }
        for signal in [SIGKILL, SIGTERM] {
            cluster.hosts[0].stop(signal)
            #expect(try !cluster.hosts[0].host.linkNames().contains("flannel0"))
            try cluster.hosts[0].start()
            try cluster.hosts[0].wait(forHosts: 1)
            #expect((0..<100).contains { _ in cluster.hosts[1].container.reaches(addresses[0]) })
        }
        #expect(try cluster.hosts[0].ask("/metrics").contains("\nflanneld_udp_received_total "))
    }

    @Test(arguments: [
        (0, "ip route del SUBNET"), (0, "ip route replace SUBNET via 192.168.1.99 proto 193"),
        (0, "ip link set eth0 down; ip link set eth0 up"), (1, "ip link del flannel0"),
        (1, "ip link set flannel0 down"),
        (1, "ip route del 10.244.0.0/16"), (1, "ip address flush dev flannel0"),
    ])
    func whatIsTakenAwayComesBack(place: Int, damage: String) throws {
        let cluster = try FlannelCluster(hosts: 2, network: Self.backends[place].network)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let addresses = try cluster.hosts.map { try $0.attach() }
        #expect(cluster.hosts[0].container.reaches(addresses[1]))
        try cluster.hosts[0].host.namespace.shell(damage.replacing("SUBNET", with: cluster.hosts[1].subnet))
        // A ping ends at the first answer that says that there is no way.
        for (host, address) in [(cluster.hosts[0], addresses[1]), (cluster.hosts[1], addresses[0])] {
            #expect((0..<100).contains { _ in host.container.reaches(address) })
        }
    }

    @Test func whoIsBehindARouterIsNamedAndLeftOut() throws {
        let cluster = try FlannelCluster(hosts: 1, network: Self.backends[0].network)
        try cluster.etcd.ctl(
            "put", "/coreos.com/network/subnets/10.244.66.0-24", #"{"PublicIP":"172.16.9.9","BackendType":"host-gw"}"#)
        try cluster.etcd.ctl("put", "/coreos.com/network/subnets/10.244.67.0-24", #"{"PublicIP":"192.168.1.99"}"#)
        let host = cluster.hosts[0]
        try host.start()
        try host.log.wait(
            for:
                "lease 10.244.66.0/24 left out: its address 172.16.9.9 is behind a router, and host-gw needs all hosts "
                + "on one link")
        try host.log.wait(for: "lease 10.244.67.0/24 left out: its backend is udp, and this host's is host-gw")
        #expect(try host.routes().isEmpty)
    }

    @Test func hostsOfOneLinkDoNotHideBehindAddressTranslation() throws {
        let cluster = try FlannelCluster(hosts: 1, network: Self.backends[0].network)
        try cluster.hosts[0].start("--public-ip=203.0.113.9", waiting: false)
        try cluster.hosts[0].log.wait(
            for: "your PublicIP differs from interface IP, meaning that probably you're on a NAT")
    }
}
