import JSON
import TestSupport
import Testing

/// Ports and gateways in VLANs, on a kernel whose bridges filter them.
@Suite(.enabled(if: Guest.isAvailable), .guest(with: "bridge", "host-local"), .serialized)
struct BridgeVLANTests {
    var network: BridgeNetwork
    let host: GuestNamespace
    let container: GuestNamespace

    init() throws {
        network = try BridgeNetwork()
        host = try GuestNamespace()
        container = try GuestNamespace()
    }

    private func call(_ container: GuestNamespace?, id: String = "cid1") -> PluginCall {
        var call = network.call(nil, id: id)
        call.namespacePath = container?.path
        return call
    }

    @Test mutating func withoutVLANOptionsFilteringStaysAsItIs() throws {
        let added = try host.run("ADD", call(container))
        try #require(added.succeeded, "\(added.output)\(added.errorOutput)")
        let bridge = try host.json("ip -d -j link show bridge0").first
        #expect(bridge?["linkinfo"]?.object?["info_data"]?.object?["vlan_filtering"] == 0)
        #expect(try container.reaches("10.1.2.1"))
        #expect(try host.run("DEL", call(container)).succeeded)
    }
}
