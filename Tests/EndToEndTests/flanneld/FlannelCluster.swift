import Foundation
import LinuxSystem
import TestSupport

/// Hosts on one switch with an etcd.
final class FlannelCluster: Sendable {
    /// Has the switch and its ports, and nothing else.
    let network: NetworkNamespace
    /// Of the etcd cluster.
    let members: [TestEtcd]
    let hosts: [FlannelHost]

    /// The first member, and mostly the only one.
    var etcd: TestEtcd { members[0] }

    /// Hosts get none of the last subnets, so that what a test writes there by hand is no host's own.
    static let network =
        #"{"Network":"10.244.0.0/16","SubnetMax":"10.244.89.0","Backend":{"Type":"vxlan"}}"#

    /// - Parameters:
    ///   - count: how many hosts.
    ///   - configuration: the network in etcd; nil for none.
    ///   - memberCount: how many members etcd has.
    ///   - scheme: `https` for TLS.
    ///   - asksForCertificates: whether clients have to have one then.
    ///   - arguments: flags of the daemons.
    /// - Throws: when etcd does not answer.
    init(
        hosts count: Int, network configuration: String? = network,
        members memberCount: Int = 1, scheme: String = "http", asksForCertificates: Bool = true, _ arguments: String...
    ) throws {
        network = try NetworkNamespace.make()
        try network.shell("ip link add switch type bridge mcast_snooping 0 && ip link set switch up")
        let names = (1...memberCount).map { "m\($0)=http://192.168.1.\($0):2380" }
        members = try (1...memberCount).map { number in
            TestEtcd(
                on: try TestHost(), at: "192.168.1.\(number)", name: "m\(number)", members: names, scheme: scheme,
                asksForCertificates: asksForCertificates)
        }
        let flags =
            [
                "--etcd-endpoints=\(members.map(\.endpoint).joined(separator: ","))", "--iface=eth0",
                "--healthz-port=8285", "--healthz-ip=127.0.0.1",
            ] + arguments
        hosts = try (0..<count).map { try FlannelHost(at: "192.168.1.\($0 + 11)", flags) }
        for member in members {
            try plugIn(member.host, port: "p\(member.address)", member.address)
            if scheme == "https" { try member.makeCertificates() }
        }
        for host in hosts { try plugIn(host) }
        for member in members { try member.start(waiting: memberCount == 1) }
        for member in members { try member.waitUntilHealthy() }
        if let configuration { try etcd.ctl("put", "/coreos.com/network/config", configuration) }
    }

    func plugIn(_ host: FlannelHost) throws {
        try plugIn(host.host, port: "p\(host.address)", host.address)
    }

    private func plugIn(_ host: TestHost, port: String, _ address: String) throws {
        try network.shell(
            """
            ip link add \(port) type veth peer name eth0 netns \(host.namespace.path)
            ip link set \(port) master switch up
            """)
        let suffix = address.split(separator: ".").last ?? "0"
        try host.namespace.shell(
            """
            ip address add \(address)/24 dev eth0
            ip address add fd77::\(suffix)/64 dev eth0 nodad
            ip link set eth0 up
            """)
    }

    /// Starts all daemons, one after the other.
    func start() throws {
        for host in hosts { try host.start() }
    }

    /// Waits until each of some hosts has what leads to all the others.
    func waitForRoutes(among hosts: [FlannelHost]) throws {
        for host in hosts { try host.wait(forHosts: hosts.count - 1) }
    }
}
