import TestSupport
import Testing

/// Plugin and daemon of either suite, together.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.hasReference && DHCPServer.areAvailable))
struct DHCPInteroperationTests {
    struct Pair: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let daemon: String
        let plugin: String
    }

    @Test(arguments: [
        Pair(testDescription: "our daemon", daemon: Executables.own, plugin: Executables.reference),
        Pair(testDescription: "our plugin", daemon: Executables.reference, plugin: Executables.own),
    ])
    func eitherServesTheOther(pair: Pair) throws {
        let network = try DHCPNetwork(daemonOf: pair.daemon)
        let daemon = try network.startDaemon()
        let host = network.host
        let server = try DHCPServer.dnsmasq.start(
            on: host, .init(more: ["--dhcp-option=121,10.20.0.0/16,10.9.0.2,0.0.0.0/0,10.9.0.1"]))
        var call = network.call(
            try network.container(), version: "1.0.0", ipam: ["request": [["option": "121"]]])
        call.directory = pair.plugin

        let outcome = try call.run("ADD", on: host)
        let address = try #require(outcome.addresses.first, "\(outcome.output)")
        #expect(outcome.json.object?["ips"] == [["address": .string(address), "gateway": "10.9.0.1"]])
        #expect(
            outcome.json.object?["routes"] == [
                ["dst": "10.20.0.0/16", "gw": "10.9.0.2"], ["dst": "0.0.0.0/0", "gw": "10.9.0.1"],
            ])
        #expect(try call.after(outcome).run("CHECK", on: host).succeeded)
        for _ in 1...2 { #expect(try call.run("DEL", on: host).succeeded) }
        try server.wait(for: DHCPServer.isGivenBack, of: String(address.dropLast(3)))

        let empty = try TestContainer()
        var missing = network.call(empty, version: "1.0.0")
        missing.directory = pair.plugin
        #expect(try missing.run("ADD", on: host).errorMessage?.contains("ink") == true)
        #expect(daemon.identifier > 0)
    }
}
