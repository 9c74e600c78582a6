import JSON
import LinuxSystem
import TestSupport
import Testing

/// `bridge` with addresses from a server: it asks when the interface is there, and lets go while it still is.
@Suite(.enabled(if: Executables.canCreateNamespaces && DHCPServer.areAvailable))
struct DHCPBridgeTests {
    let network: DHCPNetwork
    let daemon: RunningProgram
    let server: RunningProgram
    var host: TestHost { network.host }

    init() throws {
        network = try DHCPNetwork()
        daemon = try network.startDaemon()
        server = try DHCPServer.dnsmasq.start(on: network.host)
    }

    private func call(_ container: TestContainer?, id: String = "cid1") -> PluginCall {
        var configuration = network.configuration()
        configuration["bridge"] = "br0"
        var call = PluginCall("bridge", .object(configuration), in: container)
        call.containerID = id
        return call
    }

    @Test func theContainerReachesTheNetworkAndItsAddressGoesBack() throws {
        let container = try TestContainer()
        let call = call(container)
        let outcome = try call.run("ADD", on: host)
        let address = try #require(outcome.addresses.first, "\(outcome.output)")
        #expect(container.reaches("10.9.0.1"))
        #expect(try call.after(outcome).run("CHECK", on: host).output == "")
        #expect(try call.after(outcome).run("DEL", on: host).succeeded)
        try server.wait(for: DHCPServer.isGivenBack, of: String(address.dropLast(3)))
        #expect(try host.linkNames() == ["br0", "lo"])
    }

    @Test func anADDThatFailsGivesTheAddressBack() throws {
        server.end()
        // A route by a router that no address leads to, which the kernel refuses.
        let server = try DHCPServer.dnsmasq.start(
            on: host, .init(more: ["--dhcp-option=121,10.20.0.0/16,172.16.0.1"]))
        let container = try TestContainer()
        let outcome = try call(container).run("ADD", on: host)
        #expect(outcome.errorMessage?.contains("10.20.0.0/16") == true, "\(outcome.output)")
        try server.wait(for: DHCPServer.isGivenBack)
        #expect(network.keptLeases.isEmpty)
        #expect(try host.linkNames() == ["br0", "lo"])
    }

    @Test func garbageGoesBackWhileItsInterfaceIsThere() throws {
        let container = try TestContainer()
        #expect(try call(container).run("ADD", on: host).succeeded)
        guard case .object(var object) = call(nil).configuration else { return }
        object["cni.dev/valid-attachments"] = []
        #expect(try PluginCall("bridge", .object(object)).run("GC", on: host).succeeded)
        try server.wait(for: DHCPServer.isGivenBack)
        #expect(try host.linkNames() == ["br0", "lo"])
    }
}
