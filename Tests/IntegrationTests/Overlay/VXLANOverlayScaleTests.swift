import Addressing
import LinuxSystem
import Overlay
import RouteNetlink
import TestSupport
import Testing

/// As many hosts as a table may have in earnest.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANOverlayScaleTests {
    private func overlay(_ numbers: Range<Int>, on tests: VXLANOverlayTests) throws -> VXLANOverlay {
        let device = VXLANDevice(
            name: "vxlan.1", id: 1, underlay: tests.underlay, local: try #require(IPAddress("192.168.77.11")),
            mac: try #require(MACAddress("02:00:00:00:00:0b")), mtu: 1450,
            delivery: .routed(addresses: [try #require(IPAddress("10.0.0.0"))]))
        let peers = try numbers.map { number in
            VXLANPeer(
                endpoint: try #require(IPAddress("172.16.\(number / 250).\(number % 250 + 1)")),
                mac: MACAddress(locallyAdministeredFrom: UInt64(1000 + number)),
                subnets: [try #require(CIDR("10.\(1 + number / 256).\(number % 256).0/24"))])
        }
        return VXLANOverlay(device: device, peers: peers, directNetworks: [])
    }

    @Test func tenThousandHostsAreServedAndLeave() throws {
        let tests = try VXLANOverlayTests()
        func routes() throws -> Int {
            try tests.host.run("ip", "route", "show", "proto", "193").split(separator: "\n").count
        }
        let all = try overlay(0..<10_000, on: tests)
        #expect(try tests.reconcile(all).count > 30_000)
        #expect(try routes() == 10_000)
        #expect(try tests.reconcile(all).isEmpty)
        let last = "10.40.15.0/24"
        #expect(try tests.host.run("ip", "route", "show", last).hasPrefix("\(last) via 10.40.15.0 dev vxlan.1"))
        try tests.host.run("ip", "route", "del", last)
        #expect(try tests.reconcile(all) == ["peer 172.16.39.250: route \(last) missing, added"])

        try tests.reconcile(overlay(0..<1, on: tests))
        #expect(try routes() == 1)
        let left = try tests.host.namespace.shell(
            "bridge fdb show dev vxlan.1; ip neigh show dev vxlan.1 nud permanent")
        #expect(left.split(separator: "\n").count { $0.contains("172.16.") || $0.contains("10.1.") } == 2)
    }
}
