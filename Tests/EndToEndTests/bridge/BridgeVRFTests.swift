import JSON
import TestSupport
import Testing

/// Two bridges in VRFs of their own, with the same range, on a kernel that has VRFs.
@Suite(.enabled(if: Guest.isAvailable), .guest(with: "bridge", "host-local"), .serialized)
struct BridgeVRFTests {
    private let host: GuestNamespace
    private let containers: [GuestNamespace]
    private let routers: [GuestNamespace]

    init() throws {
        host = try GuestNamespace()
        containers = try (0..<2).map { _ in try GuestNamespace() }
        routers = try (0..<2).map { _ in try GuestNamespace() }
        for (index, router) in routers.enumerated() {
            try host.shell(
                """
                ip link add vrf\(index) type vrf table 10\(index)
                ip link set vrf\(index) up
                ip link add bridge\(index) type bridge
                ip link set bridge\(index) master vrf\(index) up
                ip link add uplink\(index) type veth peer name eth0 netns \(router.path)
                ip link set uplink\(index) master vrf\(index) up
                ip address add 192.0.2.1/24 dev uplink\(index)
                """)
            try router.shell("ip address add 192.0.2.9/24 dev eth0; ip link set eth0 up")
            try router.noteEchoSources()
        }
    }

    private func call(_ index: Int) throws -> PluginCall {
        var network = try BridgeNetwork()
        network.name = "net\(index)"
        network.ranges = [[["subnet": "10.9.9.0/24"]]]
        network.more = ["isDefaultGateway": true, "ipMasq": true, "bridge": .string("bridge\(index)")]
        var call = network.call(nil)
        call.namespacePath = containers[index].path
        return call
    }

    @Test func theSameAddressIsMasqueradedInEachForItself() throws {
        let calls = try (0..<2).map(call)
        for (call, container) in zip(calls, containers) {
            let added = try call.run("ADD", on: host)
            try #require(added.addresses == ["10.9.9.2/24"], "\(added.output)\(added.errorOutput)")
            #expect(try container.reaches("192.0.2.9"))
            let checked = try call.after(added).run("CHECK", on: host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        #expect(try calls[1].run("DEL", on: host).succeeded)
        #expect(try containers[0].reaches("192.0.2.9"))
        for router in routers { #expect(try router.echoSources() == ["192.0.2.1"]) }
        #expect(try calls[0].run("DEL", on: host).succeeded)
        #expect(try host.ruleset().isEmpty)
    }
}
