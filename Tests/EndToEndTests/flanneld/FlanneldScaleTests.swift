import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Many hosts, of which most are nothing but leases.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct FlanneldScaleTests {
    @Test func twoThousandLeasesAreFollowed() throws {
        let cluster = try FlannelCluster(hosts: 1, network: #"{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan"}}"#)
        let etcd = cluster.etcd
        // etcd takes 128 keys at once.
        for start in stride(from: 1, through: 2000, by: 100) {
            let puts = (start..<start + 100).map { number in
                let (a, b) = (number / 256 + 16, number % 256)
                let mac = "02:00:00:00:\(hex(a)):\(hex(b))"
                let value =
                    #"{"PublicIP":"172.16.\#(a).\#(b)","PublicIPv6":null,"BackendType":"vxlan","#
                    + #""BackendData":{"VNI":1,"VtepMAC":"\#(mac)"}}"#
                let quoted = value.replacing("\"", with: "\\\"")
                return "put /coreos.com/network/subnets/10.\(a).\(b).0-24 \"\(quoted)\"\n"
            }
            // No condition, what is done, and nothing otherwise.
            try etcd.host.namespace.output(
                of: "env", ["ETCDCTL_API=3", "\(TestEtcd.folder)/etcdctl", "txn"],
                input: "\n\(puts.joined())\n\n")
        }
        let host = cluster.hosts[0]
        try host.start()
        try host.wait(forHosts: 2000)
        #expect(try host.routes().count == 2000)
        #expect(try host.host.run("bridge", "fdb", "show", "dev", "flannel.1").split(separator: "\n").count >= 2000)

        // One that leaves is all that is changed.
        let place = try host.log.lines.count
        try etcd.ctl("del", "/coreos.com/network/subnets/10.16.7.0-24")
        try host.log.wait(for: "hosts that are routed to: 1999", after: place)
        #expect(try host.routes().count == 1999)
        let surplus = try host.log.lines.dropFirst(place).filter { $0.contains("surplus, removed") }
        #expect(surplus.count == 3, "\(surplus)")
    }

    private func hex(_ number: Int) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }
}
