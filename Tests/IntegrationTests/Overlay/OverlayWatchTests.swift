import Addressing
import LinuxSystem
import Overlay
import RouteNetlink
import TestSupport
import Testing

/// What happens to an overlay is heard, and what happens beside it is not.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct OverlayWatchTests {
    let vxlan: VXLANOverlayTests
    let scope: OverlayWatch.Scope

    init() throws {
        vxlan = try VXLANOverlayTests()
        scope = OverlayWatch.Scope(
            devices: ["vxlan.1"], underlays: ["under0"],
            networks: ["10.244.0.0/16", "fd00::/16"].compactMap { CIDR($0) },
            ownSubnets: ["10.244.1.0/24", "fd00:1::/64"].compactMap { CIDR($0) })
    }

    private func watch() throws -> OverlayWatch {
        try vxlan.host.namespace.run { () throws(SystemError) in try OverlayWatch(scope) }
    }

    /// Reconciles as long as something is heard, as a daemon does.
    ///
    /// - Returns: how often something was otherwise, and how often nothing was.
    private func settle(_ watch: inout OverlayWatch, _ overlay: VXLANOverlay) throws -> (mended: Int, idle: Int) {
        var (mended, idle) = (0, 0)
        while mended + idle < 10, try watch.drain() {
            if try vxlan.reconcile(overlay).isEmpty { idle += 1 } else { mended += 1 }
        }
        return (mended, idle)
    }

    @Test(arguments: [
        "ip link del vxlan.1", "ip link set vxlan.1 address 02:00:00:00:00:99", "ip link set vxlan.1 down",
        "ip link set vxlan.1 name other", "ip address del 10.244.1.0/32 dev vxlan.1", "ip route del 10.244.2.0/24",
        "ip -6 route flush proto 193", "ip route replace 10.244.2.0/24 dev under1 proto 193",
        "ip neigh flush dev vxlan.1 nud permanent", "ip neigh del 10.244.2.0 dev vxlan.1",
        "bridge fdb del 02:00:00:00:00:0c dev vxlan.1",
        "bridge fdb replace 02:00:00:00:00:0c dev vxlan.1 dst 192.168.77.99",
    ])
    func whatIsLostIsHeardAndMendedAndThenItIsQuiet(damage: String) throws {
        let overlay = try vxlan.overlay()
        try vxlan.reconcile(overlay)
        let before = try vxlan.state()
        var watch = try watch()
        try vxlan.host.namespace.shell(damage)
        #expect(
            try FileDescriptor.waitUntilReadable(anyOf: [watch.descriptorNumber], milliseconds: 10_000))
        // A link of another name is nobody's, and the kernel allows no second one with its number.
        if damage.contains("name other") { try vxlan.host.run("ip", "link", "del", "other") }
        let rounds = try settle(&watch, overlay)
        // Beside what was written, the kernel tells of addresses and carriers some time after a link was made.
        #expect(rounds.mended == 1 && rounds.idle < 9)
        #expect(try vxlan.state() == before)
    }

    @Test func theUnderlayIsHeard() throws {
        var watch = try watch()
        for command in [
            "ip link set under0 down", "ip link set under0 up", "ip address add 192.168.78.11/24 dev under0",
            "ip route add 172.16.6.0/24 dev under0",
        ] {
            try vxlan.host.namespace.shell(command)
            #expect(try watch.drain(), "\(command)")
        }
    }

    @Test func whatIsNoneOfTheOverlaysIsNot() throws {
        let overlay = try vxlan.overlay()
        try vxlan.reconcile(overlay)
        // Duplicate address detection would end at some time.
        try vxlan.host.namespace.shell("for link in under0 vxlan.1; do ip -6 address flush dev $link; done")
        var watch = try watch()
        try vxlan.host.namespace.shell(
            """
            ip link add other0 type veth peer name other1
            ip link set other0 up
            ip address add 10.9.9.1/24 dev other0
            ip route add 10.244.1.7/32 dev other0
            ip route add default via 10.9.9.2
            ip route add 10.244.2.0/24 dev other0 table 100
            ip neigh add 192.168.77.12 lladdr 02:00:00:00:00:77 dev under0
            ip neigh del 192.168.77.12 dev under0
            ip link del other0
            """)
        #expect(try !watch.drain())
    }

    @Test func eventsThatWereLostAreAReasonToLook() throws {
        try vxlan.host.namespace.shell("ip -6 address flush dev under0")
        try vxlan.host.namespace.shell("ip link add other0 type bridge; ip link set other0 up")
        var watch = try watch()
        let commands = (0..<4000).map { "link set other0 alias a\($0)\n" }
        try vxlan.host.namespace.shell("ip -batch -", input: commands.joined())
        #expect(try watch.drain())
        while try watch.drain() {}
        #expect(try !watch.drain())
    }
}
