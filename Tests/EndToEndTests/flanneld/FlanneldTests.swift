import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Hosts that find each other by etcd.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldTests {
    private func expectFullReach(_ hosts: [FlannelHost], _ addresses: [String]) throws {
        for (source, host) in hosts.enumerated() {
            for (destination, address) in addresses.enumerated() where destination != source {
                #expect(try host.container.reaches(address, mtu: 1450), "host \(source + 1) to \(address)")
            }
        }
    }

    @Test func threeHostsReachEachOtherAndAFourthJoinsAndLeaves() throws {
        let cluster = try FlannelCluster(hosts: 4)
        let first = Array(cluster.hosts.prefix(3))
        for host in first { try host.start() }
        try cluster.waitForRoutes(among: first)
        var addresses = try first.map { try $0.attach() }
        try expectFullReach(first, addresses)
        try TCPTransfer.run(blocks: 50, from: first[0].container, to: addresses[1], in: first[1].container)

        let fourth = cluster.hosts[3]
        try fourth.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        addresses.append(try fourth.attach())
        try expectFullReach(cluster.hosts, addresses)

        // It leaves for good: its lease goes, and with it what leads to it.
        #expect(fourth.stop() == 0)
        try cluster.etcd.ctl("del", "/coreos.com/network/subnets/\(fourth.leaseName)")
        for host in first {
            try host.log.wait(for: "route \(fourth.subnet) surplus, removed")
            #expect(try host.routes().count == 2)
            #expect(try !host.host.run("bridge", "fdb", "show", "dev", "flannel.1").contains(fourth.address))
            #expect(try !host.host.run("ip", "neigh", "show", "dev", "flannel.1").contains(fourth.deviceAddress))
        }
        try expectFullReach(first, Array(addresses.prefix(3)))
    }

    @Test func keysValuesAndFilesAreThoseOfTheReference() throws {
        let cluster = try FlannelCluster(hosts: 1)
        let host = cluster.hosts[0]
        try host.start("--ip-masq")
        let text = try cluster.etcd.ctl("get", "--prefix", "/coreos.com/network/subnets")
        #expect(
            text == """
                /coreos.com/network/subnets/\(host.leaseName)
                {"PublicIP":"192.168.1.11","PublicIPv6":null,"BackendType":"vxlan",\
                "BackendData":{"VNI":1,"VtepMAC":"\(try host.mac())"}}

                """)
        #expect(
            host.host.directory.contents("flannel/subnet.env") == """
                FLANNEL_NETWORK=10.244.0.0/16
                FLANNEL_SUBNET=\(host.subnet.replacing(".0/", with: ".1/"))
                FLANNEL_MTU=1450
                FLANNEL_IPMASQ=true

                """)
        let device = try #require(try host.host.link("flannel.1"))
        #expect(device["mtu"] == 1450)
        let data = device["linkinfo"]?.object?["info_data"]?.object
        #expect(data?["port"] == 8472 && data?["id"] == 1 && data?["learning"] == false)
        #expect(data?["local"] == "192.168.1.11")
        let addresses = try host.host.run("ip", "-o", "-4", "address", "show", "dev", "flannel.1")
        #expect(addresses.contains("inet \(host.deviceAddress)/32 "))
        // One lease of etcd's for the whole life of the key.
        #expect(try cluster.etcd.ctl("lease", "list").hasPrefix("found 1 leases"))
    }

    @Test func aClusterThatTheReferenceFilledIsTakenOver() throws {
        let cluster = try FlannelCluster(hosts: 2)
        let value =
            #"{"PublicIP":"192.168.1.11","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"3e:e3:ee:9d:de:a9"},"Zone":{"a":1.50}}"#
        let lease = try cluster.etcd.ctl("lease", "grant", "86400").split(separator: " ")[1]
        try cluster.etcd.ctl("put", "/coreos.com/network/subnets/10.244.77.0-24", value, "--lease=\(lease)")
        // A reservation: it has no lease of etcd's.
        try cluster.etcd.ctl("put", "/coreos.com/network/subnets/10.244.88.0-24", #"{"PublicIP":"192.168.1.12"}"#)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        #expect(cluster.hosts.map(\.subnet) == ["10.244.77.0/24", "10.244.88.0/24"])
        let taken = try cluster.etcd.ctl("get", "/coreos.com/network/subnets/10.244.77.0-24")
        #expect(taken.contains("\(try cluster.hosts[0].mac())\"},\"Zone\":{\"a\":1.50}}"))
        #expect(try cluster.etcd.ctl("lease", "list").hasPrefix("found 1 leases"))
        let reservation = try cluster.etcd.ctl(
            "get", "-w", "json", "/coreos.com/network/subnets/10.244.88.0-24")
        #expect(!reservation.contains(#""lease""#))

        // What a later release writes beside survives a restart, which writes nothing at all.
        let before = try cluster.etcd.ctl("get", "-w", "json", "--prefix", "/coreos.com/network/subnets/")
        #expect(cluster.hosts[0].stop() == 0)
        try cluster.hosts[0].start()
        func revisions(_ text: String) -> [String] { text.matches(of: /"mod_revision":\d+/).map { String($0.0) } }
        let after = try cluster.etcd.ctl("get", "-w", "json", "--prefix", "/coreos.com/network/subnets/")
        #expect(revisions(before) == revisions(after))
    }

    @Test func crashesAndRestartsLoseNoPacket() throws {
        let cluster = try FlannelCluster(hosts: 2, "--ip-masq")
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let addresses = try cluster.hosts.map { try $0.attach() }
        let subnets = cluster.hosts.map(\.subnet)
        let macs = try cluster.hosts.map { try $0.mac() }
        #expect(cluster.hosts[0].container.reaches(addresses[1]))
        let ping = try Pings(from: cluster.hosts[0].container, to: addresses[1])
        for number in 0..<10 {
            for host in cluster.hosts {
                host.stop(number.isMultiple(of: 2) ? SIGKILL : SIGTERM)
                try host.start()
            }
        }
        #expect(try ping.lost() == 0)
        #expect(cluster.hosts.map(\.subnet) == subnets)
        #expect(try cluster.hosts.map { try $0.mac() } == macs)
        #expect(try cluster.etcd.ctl("lease", "list").hasPrefix("found 2 leases"))
    }

    @Test func theDataPlaneStaysWhenItIsAskedToEnd() throws {
        let cluster = try FlannelCluster(hosts: 2, "--ip-masq")
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let host = cluster.hosts[0]
        let before = (try host.routes(), try host.host.ruleset())
        #expect(host.stop() == 0)
        #expect(try host.routes() == before.0)
        #expect(try host.host.ruleset() == before.1)
        #expect(host.value("FLANNEL_SUBNET") != nil)
        try host.host.run("ping", "-c", "1", "-W", "10", cluster.hosts[1].deviceAddress)
    }

    @Test func healthIsToldWithTheReason() throws {
        let cluster = try FlannelCluster(hosts: 1, network: nil)
        let host = cluster.hosts[0]
        try host.start(waiting: false)
        try host.log.wait(for: "Did you create your config using etcdv3 API?")
        #expect(try host.ask("/healthz") == "flanneld is running")
        #expect(
            try host.ask("/readyz").hasPrefix(
                "flanneld is not ready yet: waiting for flannel config not found in etcd store"))
        try cluster.etcd.ctl(
            "put", "/coreos.com/network/config", #"{"Network":"10.244.0.0/16","Backend":{"Type":"ipip"}}"#)
        try host.log.wait(for: "unknown backend type: ipip")
        try cluster.etcd.ctl(
            "put", "/coreos.com/network/config", #"{"Network":"10.244.0.0/16","Backend":{"Type":"VXLAN"}}"#)
        try host.log.wait(for: "flanneld is ready")
        #expect(try host.ask("/readyz") == "flanneld is ready")
        let metrics = try host.ask("/metrics")
        #expect(metrics.contains("\nflanneld_peers 0\n") && metrics.contains("\nflanneld_store_up 1\n"))
    }

    @Test func staleEntriesOfALeaseThatEndedMeanwhileAreRemoved() throws {
        let cluster = try FlannelCluster(hosts: 2)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let (host, other) = (cluster.hosts[0], cluster.hosts[1])
        host.stop()
        other.stop()
        try cluster.etcd.ctl("del", "/coreos.com/network/subnets/\(other.leaseName)")
        try host.start()
        #expect(try host.routes().isEmpty)
        #expect(try !host.host.run("bridge", "fdb", "show", "dev", "flannel.1").contains(other.address))
        #expect(try !host.host.run("ip", "neigh", "show", "dev", "flannel.1").contains("PERMANENT"))
    }

    @Test func aLeaseThatIsGoneEndsTheDaemonOrIsTakenAgain() throws {
        let cluster = try FlannelCluster(hosts: 2)
        let (host, keeping) = (cluster.hosts[0], cluster.hosts[1])
        try host.start()
        try keeping.start("--on-lease-lost=reacquire")
        let name = keeping.leaseName
        try cluster.etcd.ctl("del", "--prefix", "/coreos.com/network/subnets/")
        try host.log.wait(for: "Lease has been revoked. Shutting down daemon.")
        #expect(host.waitForEnd() == 0)
        try keeping.log.wait(for: "is there again")
        #expect(try cluster.etcd.leases().keys.sorted() == [name])
        // The service manager starts it again, and it gets what it had.
        let subnet = host.subnet
        try host.start()
        #expect(host.subnet == subnet)
    }
}
