import JSON
import TestSupport
import Testing

/// Behind `ptp`, as the reference's own tests have it.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BandwidthChainTests {
    @Test func limitsAContainerThatIsRoutedTo() throws {
        var network = try InterfaceNetwork("ptp")
        network.ipamMore["routes"] = [["dst": "0.0.0.0/0"]]
        let host = network.host
        let (container, other) = (try TestContainer(), try TestContainer())
        let added = try network.run("ADD", container)
        #expect(try network.run("ADD", other, id: "cid2").succeeded)
        let names = try host.linkNames()

        let members = LimitedContainer.both.with("cniVersion", "1.1.0").with("name", "net1").with("type", "bandwidth")
        let call = PluginCall("bandwidth", .object(members), in: container).after(added)
        let limited = try call.run("ADD", on: host)
        try #require(limited.succeeded, "\(limited.output)")
        let interfaces = limited.json.object?["interfaces"]?.array?.compactMap { $0.object?["name"]?.string } ?? []
        #expect(interfaces.count == 3)
        for device in [interfaces[0], interfaces[2]] {
            #expect(try host.run("tc", "qdisc", "show", "dev", device, "root").contains("qdisc tbf"), "\(device)")
        }
        // Both, and nobody else.
        #expect(try host.run("tc", "qdisc", "show").split(separator: "\n").count { $0.contains("qdisc tbf") } == 2)
        #expect(container.reaches("10.1.2.1"))
        #expect(container.reaches("10.1.2.3"))
        #expect(try call.after(limited).run("CHECK", on: host).succeeded)

        #expect(try call.after(limited).run("DEL", on: host).succeeded)
        #expect(try host.linkNames() == names)
        #expect(try !host.run("tc", "qdisc", "show").contains("tbf"))
        #expect(try network.run("DEL", container).succeeded)
    }
}
