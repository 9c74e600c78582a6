import TestSupport
import Testing

/// Changes of the cluster that come close to each other.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldChangeTests {
    private static let folder = "/coreos.com/network/subnets"

    private func lease(_ number: Int) -> String {
        #"put \#(Self.folder)/10.244.\#(number).0-24 "#
            + #""{\"PublicIP\":\"192.168.1.\#(number)\",\"BackendType\":\"vxlan\","#
            + #"\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:\#(number - 80)\"}}""#
    }

    /// They are one event of the store, or follow each other within less time than it takes to make a route.
    @Test func areAllFollowed() throws {
        let cluster = try FlannelCluster(hosts: 1)
        let (host, etcd) = (cluster.hosts[0], cluster.etcd)
        try host.start()
        func commit(_ lines: [String]) throws {
            // No condition, what is done, and nothing otherwise.
            try etcd.host.namespace.output(
                of: "env", ["ETCDCTL_API=3", "\(TestEtcd.folder)/etcdctl", "txn"],
                input: "\n\(lines.joined(separator: "\n"))\n\n\n")
        }
        try commit((91...120).map(lease))
        try host.wait(forHosts: 30)
        for number in 121...125 { try commit([lease(number)]) }
        try host.wait(forHosts: 35)
        let place = try host.log.lines.count
        try commit((91...105).map { "del \(Self.folder)/10.244.\($0).0-24" } + [lease(126)])
        try host.log.wait(for: "hosts that are routed to: 21", after: place)
        let routed = try host.routes().map { String($0.prefix { $0 != " " }) }
        #expect(Set(routed) == Set((106...126).map { "10.244.\($0).0/24" }))
    }

    /// What is gone before it is removed is no failure, and holds up nothing.
    @Test func areFollowedWhereTheKernelHasNothingToRemove() throws {
        let cluster = try FlannelCluster(hosts: 1)
        let (host, etcd) = (cluster.hosts[0], cluster.etcd)
        let value = #"{"PublicIP":"192.168.1.99","BackendType":"vxlan","BackendData":{"VtepMAC":"02:00:00:00:00:99"}}"#
        try etcd.ctl("put", "\(Self.folder)/10.244.99.0-24", value)
        try host.start()
        try host.wait(forHosts: 1)
        let place = try host.log.lines.count
        try host.host.namespace.shell("ip link delete flannel.1")
        try etcd.ctl("del", "\(Self.folder)/10.244.99.0-24")
        try host.log.wait(for: "hosts that are routed to: 0", after: place)
        try etcd.ctl("put", "\(Self.folder)/10.244.98.0-24", value)
        try host.log.wait(for: "hosts that are routed to: 1", after: place)
        #expect(try host.routes().map { String($0.prefix { $0 != " " }) } == ["10.244.98.0/24"])
    }
}
