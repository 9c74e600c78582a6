import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Every kind of etcd, and every kind of network.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldStoreTests {
    static let dualStack = """
        {"Network":"10.244.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:244::/48","Backend":{"Type":"vxlan"}}
        """

    @Test func bothFamiliesGetTheirDevices() throws {
        let cluster = try FlannelCluster(hosts: 2, network: Self.dualStack)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let host = cluster.hosts[0]
        // Over IPv6 less fits into a packet.
        #expect(host.value("FLANNEL_MTU") == "1430")
        #expect(try host.host.linkNames() == ["eth0", "flannel-v6.1", "flannel.1", "lo"])
        #expect(try host.host.run("ip", "-6", "route", "show", "proto", "193").contains("dev flannel-v6.1"))
        _ = try cluster.hosts.map { try $0.attach() }
        for (source, destination) in [(0, 1), (1, 0)] {
            let addresses =
                try cluster.hosts[destination].container.ip("address", "show", "eth0").array?.first?.object?[
                    "addr_info"]?
                .array?.compactMap { $0.object?["scope"] == "global" ? $0.object?["local"]?.string : nil } ?? []
            #expect(addresses.count == 2)
            for address in addresses {
                #expect(try cluster.hosts[source].container.reaches(address, mtu: 1430), "\(address)")
            }
        }
    }

    @Test func withIPv6AloneEveryHostHasASubnetOfItsOwn() throws {
        let cluster = try FlannelCluster(
            hosts: 2,
            network: #"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:244::/48","Backend":{"Type":"vxlan"}}"#
        )
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let subnets = cluster.hosts.compactMap { $0.value("FLANNEL_IPV6_SUBNET") }
        #expect(Set(subnets).count == 2)
        let names = try cluster.etcd.leases().keys
        #expect(names.allSatisfy { $0.hasPrefix("0.0.0.0-0&fd00:244:") })
        let address = String(try #require(subnets.last).prefix { $0 != "/" }.dropLast())
        try cluster.hosts[0].host.run("ping", "-c", "1", "-W", "10", address)
    }

    @Test func hostsOnOneLinkNeedNoEncapsulation() throws {
        let cluster = try FlannelCluster(
            hosts: 2,
            network:
                #"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan","DirectRouting":true,"VNI":7,"Port":4789,"MTU":1400}}"#
        )
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let (host, other) = (cluster.hosts[0], cluster.hosts[1])
        #expect(try host.routes() == ["\(other.subnet) via \(other.address) dev eth0"])
        #expect(host.value("FLANNEL_MTU") == "1350")
        let device = try #require(try host.host.link("flannel.7"))["linkinfo"]?.object?["info_data"]?.object
        #expect(device?["port"] == 4789 && device?["id"] == 7)
        let addresses = try cluster.hosts.map { try $0.attach() }
        #expect(host.container.reaches(addresses[1]))
    }

    @Test(.enabled(if: Executables.find("openssl") != nil))
    func certificatesAndPasswordsAreUsed() throws {
        let cluster = try FlannelCluster(hosts: 2, scheme: "https")
        let etcd = cluster.etcd
        for words in [
            ["user", "add", "root:secret"], ["user", "add", "flannel:pass word"], ["role", "add", "network"],
            ["role", "grant-permission", "network", "--prefix=true", "readwrite", "/coreos.com/network/"],
            ["user", "grant-role", "flannel", "network"], ["auth", "enable"],
        ] { try etcd.ctl(words) }
        let folder = etcd.host.directory.path
        let (host, other) = (cluster.hosts[0], cluster.hosts[1])
        // Without a certificate, without a user, and with a wrong password nobody gets in.
        try host.start("--etcd-cafile=\(folder)/ca.crt", waiting: false)
        try host.log.wait(for: "etcd does not answer, and is waited for: https://192.168.1.1:2379: ")
        host.stop()
        let certificate = [
            "--etcd-cafile=\(folder)/ca.crt", "--etcd-certfile=\(folder)/client.crt",
            "--etcd-keyfile=\(folder)/client.key",
        ]
        try host.start(certificate, waiting: false)
        try host.log.wait(for: "etcd refuses, and is waited for: etcdserver: permission denied")
        host.stop()
        try host.start(certificate + ["--etcd-username=flannel", "--etcd-password=wrong"], waiting: false)
        try host.log.wait(for: "invalid user ID or password")
        host.stop()
        for host in cluster.hosts {
            try host.start(certificate + ["--etcd-username=flannel", "--etcd-password=pass word"])
        }
        try cluster.waitForRoutes(among: [host, other])
        #expect(try host.log.lines.allSatisfy { !$0.contains("pass word") })
        try host.host.run("ping", "-c", "1", "-W", "10", other.deviceAddress)
    }

    @Test func anAuthorityAloneIsEnoughForTLS() throws {
        guard Executables.find("openssl") != nil else { return }
        let cluster = try FlannelCluster(hosts: 1, scheme: "https", asksForCertificates: false)
        try cluster.hosts[0].start("--etcd-cafile=\(cluster.etcd.host.directory.path)/ca.crt")
    }

    @Test func aLeaderThatIsKilledIsReplaced() throws {
        let cluster = try FlannelCluster(hosts: 3, members: 3)
        for host in cluster.hosts.prefix(2) { try host.start() }
        try cluster.waitForRoutes(among: Array(cluster.hosts.prefix(2)))
        let leader = try #require(
            try cluster.members.first { member in
                let status = try member.ctl("endpoint", "status", "-w", "json")
                let own = status.firstMatch(of: /"member_id":(\d+)/)?.1
                return own != nil && own == status.firstMatch(of: /"leader":(\d+)/)?.1
            })
        leader.stop()
        // A host that comes after it is leased a subnet, and the others hear of it.
        try cluster.hosts[2].start()
        try cluster.waitForRoutes(among: cluster.hosts)
        for host in cluster.hosts { #expect(try host.ask("/readyz") == "flanneld is ready") }
    }

    @Test func fullNetworksAreWaitedFor() throws {
        let cluster = try FlannelCluster(
            hosts: 4, network: #"{"Network":"10.0.0.0/28","Backend":{"Type":"vxlan"}}"#)
        for host in cluster.hosts.prefix(3) { try host.start() }
        let last = cluster.hosts[3]
        try last.start(waiting: false)
        try last.log.wait(for: "waiting: out of subnets: all of 10.0.0.4/30 to 10.0.0.12/30 are leased")
        #expect(try last.ask("/readyz").contains("out of subnets"))
        let name = try #require(try cluster.etcd.leases().keys.first)
        try cluster.etcd.ctl("del", "/coreos.com/network/subnets/\(name)")
        try last.log.wait(for: "flanneld is ready")
    }
}
