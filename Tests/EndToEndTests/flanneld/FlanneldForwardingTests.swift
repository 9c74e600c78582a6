import TestSupport
import Testing

/// Hosts that drop what they forward, unless told otherwise.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldForwardingTests {
    /// As Docker sets it: before the daemon starts on one host, and while it runs on the other.
    @Test func containersReachEachOtherWhereTheHostsDropWhatTheyForward() throws {
        let cluster = try FlannelCluster(hosts: 2)
        let (early, late) = (cluster.hosts[0], cluster.hosts[1])
        let docker = "iptables -P FORWARD DROP; ip6tables -P FORWARD DROP; iptables -A FORWARD -i docker0 -j ACCEPT"
        try early.host.shell(docker)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let addresses = try cluster.hosts.map { try $0.attach() }
        #expect(early.container.reaches(addresses[1]))

        var place = try late.log.lines.count
        try late.host.shell(docker)
        place = try late.log.wait(for: "rules in chain ip filter FORWARD missing, added", after: place)
        #expect(early.container.reaches(addresses[1]))
        #expect(late.container.reaches(addresses[0]))
        try late.host.shell("iptables -F FORWARD")
        try late.log.wait(for: "rules in chain ip filter FORWARD missing, added", after: place)
        #expect(late.container.reaches(addresses[0]))
        // Both list them.
        #expect(
            try late.host.run("iptables", "-S", "FORWARD").contains(
                #"-A FORWARD -s 10.244.0.0/16 -m comment --comment "network of flanneld" -j ACCEPT"#))
        #expect(try !late.host.run("ip6tables", "-S", "FORWARD").contains("ACCEPT"))
    }

    /// Nothing is taken away and made anew while packets are on their way.
    @Test func restartsLoseNoPacketWhereTheHostDropsWhatItForwards() throws {
        let cluster = try FlannelCluster(hosts: 2, "--ip-masq")
        for host in cluster.hosts { try host.host.shell("iptables -P FORWARD DROP") }
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let addresses = try cluster.hosts.map { try $0.attach() }
        #expect(cluster.hosts[0].container.reaches(addresses[1]))
        let pings = try Pings(from: cluster.hosts[0].container, to: addresses[1])
        for host in cluster.hosts {
            host.stop()
            try host.start()
            try host.wait(forHosts: 1)
        }
        #expect(try pings.lost() == 0)
    }

    @Test func nothingIsLetThroughWhenToldSo() throws {
        let cluster = try FlannelCluster(hosts: 1, "--iptables-forward-rules=false")
        let host = cluster.hosts[0]
        try host.host.shell("iptables -P FORWARD DROP")
        try host.start()
        #expect(try host.host.run("iptables", "-S", "FORWARD") == "-P FORWARD DROP\n")
    }
}
