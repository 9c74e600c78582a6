import Addressing
import Flannel
import JSON
import Testing

@testable import FlannelDaemon

struct PeerSelectionTests {
    private let network = try? ClusterNetwork(
        parsing: Array(#"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}"#.utf8))
    private let own = NodeSubnets([CIDR("10.244.9.0/24")].compactMap(\.self))

    private func select(_ leases: [(name: String, value: String)]) throws -> PeerSelection {
        var table = LeaseTable()
        for (place, lease) in leases.enumerated() {
            let record = LeaseTable.Record(
                name: lease.name, value: Array(lease.value.utf8), created: Int64(place), modified: Int64(place))
            guard case .joined = table.take(record) else { throw JSONError(message: "\(lease) is no lease") }
        }
        let backend = VXLANBackend(
            settings: try VXLANBackendSettings(reading: JSONReader([:])),
            macs: [.v4: try #require(MACAddress("02:00:00:00:00:99"))])
        return PeerSelection(
            table.inOrder, in: try #require(network), besides: try #require(own),
            announced: [try #require(IPAddress("192.168.1.9"))], fault: backend.faults(in: [.v4]))
    }

    private func value(_ ip: String, mac: String, more: String = "") -> String {
        #"{"PublicIP":"\#(ip)","BackendType":"vxlan","BackendData":{"VtepMAC":"\#(mac)"\#(more)}}"#
    }

    private let good = (
        name: "10.244.1.0-24",
        value:
            #"{"PublicIP":"192.168.1.1","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:01"}}"#
    )

    @Test func ordinaryHostsArePeers() throws {
        let selection = try select([good, ("10.244.2.0-24", value("192.168.1.2", mac: "02:00:00:00:00:02"))])
        #expect(selection.peers.count == 2 && selection.refusals.isEmpty)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name = "10.244.2.0-24"
        var ip = "192.168.1.2"
        var mac = "02:00:00:00:00:02"
        var more = ""
        var type = "vxlan"
        var cause: String
        var testDescription: String { cause }
    }

    @Test(arguments: [
        Case(name: "10.9.0.0-16", cause: "10.9.0.0/16 is not in the network 10.244.0.0/16"),
        Case(name: "10.0.0.0-8", cause: "10.0.0.0/8 is not in the network 10.244.0.0/16"),
        Case(name: "10.244.0.0-16", cause: "10.244.0.0/16 overlaps 10.244.1.0/24, which was there before"),
        Case(name: "10.244.9.128-25", cause: "10.244.9.128/25 overlaps 10.244.9.0/24, which was there before"),
        Case(name: "10.244.1.0-25", cause: "10.244.1.0/25 overlaps 10.244.1.0/24, which was there before"),
        Case(name: "10.244.0.0-22", cause: "10.244.0.0/22 overlaps 10.244.1.0/24, which was there before"),
        Case(ip: "192.168.1.9", cause: "its public address 192.168.1.9 is this host's"),
        Case(ip: "127.0.0.1", cause: "its public address 127.0.0.1 is no host's"),
        Case(ip: "224.0.0.1", cause: "its public address 224.0.0.1 is no host's"),
        Case(ip: "255.255.255.255", cause: "its public address 255.255.255.255 is no host's"),
        Case(ip: "10.244.7.7", cause: "its public address 10.244.7.7 is in the network itself"),
        Case(mac: "02:00:00:00:00:99", cause: "its device has the address of this host's, 02:00:00:00:00:99"),
        Case(
            mac: "02:00:00:00:00:01",
            cause: "its device has the address 02:00:00:00:00:01, which is that of host 192.168.1.1"),
        Case(
            mac: "01:00:00:00:00:01",
            cause: "BackendData.VtepMAC: expected the address of one interface, got 01:00:00:00:00:01"),
        Case(more: #","VNI":7"#, cause: "its VNI is 7, and not 1"),
        Case(type: "host-gw", cause: "its backend is host-gw, and this host's is vxlan"),
    ])
    func oneThatGetsInTheWayIsLeftOutAndTheOthersStay(test: Case) throws {
        let text = value(test.ip, mac: test.mac, more: test.more).replacing(#""vxlan""#, with: #""\#(test.type)""#)
        let selection = try select([
            good, (test.name, text), ("10.244.3.0-24", value("192.168.1.3", mac: "02:00:00:00:00:03")),
        ])
        #expect(selection.refusals.map(\.cause) == [test.cause])
        #expect(selection.peers.map { "\($0.subnets)" } == ["10.244.1.0/24", "10.244.3.0/24"])
    }

    @Test func theOldLeaseOfAHostWithTwoIsRoutedToo() throws {
        let selection = try select([good, ("10.244.2.0-24", good.value)])
        #expect(selection.peers.count == 2)
    }
}
