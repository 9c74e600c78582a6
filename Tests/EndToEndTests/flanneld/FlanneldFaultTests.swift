import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// What goes wrong between daemon, etcd and kernel.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldFaultTests {
    private static let folder = "/coreos.com/network/subnets"

    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var commands: String
        /// What the log tells of the repair.
        var line: String
    }

    @Test(arguments: [
        Damage(
            testDescription: "device deleted", commands: "ip link delete flannel.1",
            line: "device flannel.1: missing, added"),
        Damage(
            testDescription: "MAC address changed", commands: "ip link set flannel.1 address 02:00:00:00:00:77",
            line: "MAC address wrong (02:00:00:00:00:77), corrected"),
        Damage(
            testDescription: "device down", commands: "ip link set flannel.1 down",
            line: "state wrong (down), corrected"),
        Damage(
            testDescription: "routes gone", commands: "ip route del OTHER", line: "route OTHER missing, added"),
        Damage(
            testDescription: "neighbours gone", commands: "ip neigh del DEVICE dev flannel.1",
            line: "neighbor DEVICE missing, added"),
        Damage(
            testDescription: "forwarding entries gone", commands: "bridge fdb del MAC dev flannel.1 dst ADDRESS self",
            line: "forwarding entry MAC missing, added"),
        Damage(
            testDescription: "rules flushed", commands: "nft flush ruleset",
            line: "rules in chain inet flanneld postrouting missing, added"),
        Damage(
            testDescription: "interface to the others flaps",
            commands: "ip link set eth0 down; ip link set eth0 up; ip route del OTHER",
            line: "route OTHER missing, added"),
    ])
    func whatIsOtherwiseInTheKernelIsMendedAtOnce(damage: Damage) throws {
        let cluster = try FlannelCluster(hosts: 2, "--ip-masq")
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let (host, other) = (cluster.hosts[0], cluster.hosts[1])
        let (mac, otherMAC) = (try host.mac(), try other.mac())
        let rules = try host.host.rulesetJSON()
        func filled(_ text: String) -> String {
            text.replacing("OTHER", with: other.subnet).replacing("DEVICE", with: other.deviceAddress)
                .replacing("ADDRESS", with: other.address).replacing("MAC ", with: "\(otherMAC) ")
        }
        // The MAC address in a line of the log is the device's, not a word to fill in.
        let line = damage.line.hasPrefix("MAC") ? damage.line : filled(damage.line)
        let place = try host.log.lines.count
        try host.host.namespace.shell(filled(damage.commands))
        try host.log.wait(for: line, after: place)
        try host.host.run("ping", "-c", "1", "-W", "10", other.deviceAddress)
        #expect(try host.mac() == mac)
        #expect(try host.host.rulesetJSON() == rules)
        #expect(try host.routes().map { $0.prefix { $0 != " " } } == [other.subnet[...]])
    }

    @Test func everythingStaysWhileEtcdIsAway() throws {
        let cluster = try FlannelCluster(hosts: 3, "--ip-masq")
        let (host, other, late) = (cluster.hosts[0], cluster.hosts[1], cluster.hosts[2])
        for host in [host, other] { try host.start() }
        try cluster.waitForRoutes(among: [host, other])
        let addresses = try [host, other].map { try $0.attach() }
        #expect(host.container.reaches(addresses[1]))
        let pings = try Pings(from: host.container, to: addresses[1])
        cluster.etcd.stop()
        try host.log.wait(for: "etcd does not answer, what was known last is kept")
        #expect(
            try host.ask("/readyz").hasPrefix(
                "flanneld is not ready yet: what was known last is kept, for etcd does not answer: "))
        #expect(try host.ask("/metrics").contains("\nflanneld_store_up 0\n"))
        try host.host.run("nft", "flush", "ruleset")
        try host.log.wait(for: "rules in chain inet flanneld postrouting missing, added")
        try cluster.etcd.start()
        try host.log.wait(for: "etcd answers again")
        try late.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        #expect(try host.ask("/readyz") == "flanneld is ready")
        #expect(try pings.lost() == 0)
        // One line when it went, one when it came.
        #expect(try host.log.lines.count { $0.contains("etcd does not answer") } <= 3)
    }

    @Test func whatWasCompactedMeanwhileIsFoundByReadingAllAnew() throws {
        let cluster = try FlannelCluster(hosts: 3)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let host = cluster.hosts[0]
        let (changed, gone) = (cluster.hosts[1], cluster.hosts[2])
        let subnets = (changed.subnet, gone.subnet)
        for other in [changed, gone] { other.stop(SIGKILL) }
        let etcd = cluster.etcd
        etcd.stop()
        try host.log.wait(for: "etcd does not answer")
        try etcd.host.run("ip", "link", "set", "eth0", "down")
        try etcd.start()
        try etcd.ctl("del", "\(Self.folder)/\(gone.leaseName)")
        try etcd.ctl(
            "put", "\(Self.folder)/\(changed.leaseName)",
            #"{"PublicIP":"192.168.1.12","BackendType":"vxlan","BackendData":{"VtepMAC":"02:00:00:00:00:12"}}"#)
        try etcd.ctl(
            "put", "\(Self.folder)/10.244.0.0-24",
            #"{"PublicIP":"192.168.1.99","BackendType":"vxlan","BackendData":{"VtepMAC":"02:00:00:00:00:99"}}"#)
        let state = try etcd.ctl("get", "nothing", "-w", "json")
        let revision = try #require(state.firstMatch(of: /"revision":(\d+)/)?.1)
        try etcd.ctl("compact", "\(revision)")
        try etcd.host.run("ip", "link", "set", "eth0", "up")
        try host.log.wait(for: "has been compacted; all leases are read anew")
        try host.log.wait(for: "route \(subnets.1) surplus, removed")
        #expect(
            try host.routes().map { String($0.prefix { $0 != " " }) }.sorted() == ["10.244.0.0/24", subnets.0].sorted())
        let neighbors = try host.host.run("ip", "neigh", "show", "dev", "flannel.1")
        #expect(neighbors.contains("02:00:00:00:00:12") && neighbors.contains("02:00:00:00:00:99"))
    }

    @Test func aHostThatBootsWhileEtcdIsAwayForwardsByWhatItKnew() throws {
        let cluster = try FlannelCluster(hosts: 2, "--ip-masq")
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let host = cluster.hosts[0]
        let addresses = try cluster.hosts.map { try $0.attach() }
        let (subnet, mac) = (host.subnet, try host.mac())
        host.stop()
        cluster.etcd.stop()
        // A boot: only what is on disk is left.
        try host.host.namespace.shell(
            "ip link delete flannel.1; nft flush ruleset; rm -r '\(host.host.directory.path)/flannel'")
        try host.start()
        #expect(
            try host.log.lines.contains {
                $0.hasPrefix("the network is as it was known last: subnet \(subnet), 1 other hosts")
            })
        #expect(host.subnet == subnet)
        #expect(try host.mac() == mac)
        #expect(host.container.reaches(addresses[1]))
        #expect(try host.ask("/readyz").contains("etcd does not answer"))

        try cluster.etcd.start()
        try host.log.wait(for: "etcd answers again")
        #expect(try cluster.etcd.leases().count == 2)
        #expect(host.subnet == subnet)
    }

    @Test func twoHostsWithOnePublicAddressSayItBoth() throws {
        let cluster = try FlannelCluster(hosts: 2, "--public-ip=192.168.1.50")
        try cluster.start()
        #expect(cluster.hosts[0].subnet == cluster.hosts[1].subnet)
        for host in cluster.hosts {
            try host.log.wait(for: "another host or person writes the lease of this host's subnet \(host.subnet)")
        }
        #expect(try cluster.hosts[0].ask("/metrics").contains("flanneld_lease_conflict"))
    }

    @Test func hostileLeasesHurtNobodyAndAreNamedOnce() throws {
        let cluster = try FlannelCluster(hosts: 2)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let (host, etcd) = (cluster.hosts[0], cluster.etcd)
        let good = try host.routes()
        func vxlan(_ ip: String, _ mac: String) -> String {
            #"{"PublicIP":"\#(ip)","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"\#(mac)"}}"#
        }
        let deep = String(repeating: #"{"a":["#, count: 20_000)
        let hostile = [
            ("10.244.200.0-24", ""), ("10.244.201.0-24", "null"), ("10.244.202.0-24", "[]"),
            ("10.244.203.0-24", #"{"PublicIP":[]}"#), ("10.244.204.0-24", deep),
            ("10.244.205.0-24", #"{"PublicIP":"192.168.1.77","BackendType":"vxlan"}"#),
            ("10.244.206.0-24", #"{"PublicIP":"192.168.1.77","BackendType":"vxlan","BackendData":{"VtepMAC":"x"}}"#),
            ("10.244.207.0-24", #"{"PublicIP":"192.168.1.77","BackendType":"host-gw"}"#),
            ("0.0.0.0-1", vxlan("192.168.1.77", "02:00:00:00:00:77")),
            ("10.244.0.0-16", vxlan("192.168.1.77", "02:00:00:00:00:78")),
            ("192.168.1.0-24", vxlan("192.168.1.77", "02:00:00:00:00:79")),
            ("\(host.subnet.replacing(".0/24", with: ".128-25"))", vxlan("192.168.1.77", "02:00:00:00:00:80")),
            ("10.244.208.0-24", vxlan("192.168.1.11", "02:00:00:00:00:81")),
            ("10.244.209.0-24", vxlan("127.0.0.1", "02:00:00:00:00:82")),
            ("10.244.210.0-24", vxlan("192.168.1.78", try host.mac())),
            ("10.244.211.0-24", vxlan("192.168.1.79", "ff:ff:ff:ff:ff:ff")),
            ("elsewhere", "{}"), ("10.244.300.0-24", "{}"), ("a/b/c", "x"), ("10.244.212.0-24&fd00::-64&", "{}"),
        ]
        for (name, value) in hostile {
            let words = ["ETCDCTL_API=3", "\(TestEtcd.folder)/etcdctl", "put", "\(Self.folder)/\(name)"]
            // What is too long for an argument comes in by standard input, where nothing may not.
            try etcd.host.namespace.output(
                of: "env", words + (value.utf8.count < 1000 ? [value] : []), input: value.utf8.count < 1000 ? "" : value
            )
        }
        // What is no text, and what is long.
        try etcd.host.namespace.shell(
            """
            export ETCDCTL_API=3
            printf '\\377\\376{' | \(TestEtcd.folder)/etcdctl put \(Self.folder)/10.244.213.0-24
            \(TestEtcd.folder)/etcdctl put "\(Self.folder)/$(printf '\\377\\376')" x
            for n in 1 2 3 4 5; do
                head -c 1000000 /dev/zero | tr '\\0' a | \(TestEtcd.folder)/etcdctl put \(Self.folder)/10.244.22$n.0-24
            done
            """)
        // An ordinary host behind all of that.
        try etcd.ctl("put", "\(Self.folder)/10.244.240.0-24", vxlan("192.168.1.240", "02:00:00:00:02:40"))
        let place = try host.log.wait(for: "host 192.168.1.240 has 10.244.240.0/24")
        try host.log.wait(for: "hosts that are routed to: 2", after: place)
        func check() throws {
            let routes = try host.routes().map { String($0.prefix { $0 != " " }) }
            #expect(routes.sorted() == (good.map { String($0.prefix { $0 != " " }) } + ["10.244.240.0/24"]).sorted())
        }
        try check()
        let named = try host.log.lines.filter { $0.contains("passed over") || $0.contains("left out") }
        #expect(Set(named).count == named.count)
        #expect(named.count == hostile.count + 7, "\(named.joined(separator: "\n"))")

        // They are there at a start, too.
        host.stop()
        try host.start()
        try host.wait(forHosts: 2)
        try check()
        try host.host.run("ping", "-c", "1", "-W", "10", cluster.hosts[1].deviceAddress)
    }

    @Test func theDeviceAndRoutesOfTheReferenceAreTakenOver() throws {
        let cluster = try FlannelCluster(hosts: 2, "--ip-masq")
        let host = cluster.hosts[0]
        // As the reference leaves them, but for the port, which the kernel cannot change.
        try host.host.namespace.shell(
            """
            ip link add flannel.1 address 3e:e3:ee:9d:de:a9 type vxlan id 1 dev eth0 local 192.168.1.11 dstport 4789 nolearning
            ip link set flannel.1 up
            ip address add 10.244.99.0/32 dev flannel.1
            ip route add 10.244.98.0/24 via 10.244.98.0 dev flannel.1 onlink
            iptables -t nat -N FLANNEL-POSTRTG
            iptables -t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
            iptables -t nat -A FLANNEL-POSTRTG -s 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE
            """)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        #expect(try host.mac() == "3e:e3:ee:9d:de:a9")
        #expect(try host.host.run("ip", "route").contains("10.244.98.0") == false)
        #expect(try !host.host.run("ip", "address", "show", "dev", "flannel.1").contains("10.244.99.0"))
        #expect(try !host.host.run("iptables", "-t", "nat", "-S").contains("FLANNEL"))
        try host.host.run("ping", "-c", "1", "-W", "10", cluster.hosts[1].deviceAddress)
    }
}
