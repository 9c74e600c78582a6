import JSON
import LinuxSystem
import TestSupport
import Testing

/// `cnitool leases`, beside `host-local` and files that the reference could have written.
struct CNIToolLeasesTests {
    let network: LeaseNetwork

    init() throws {
        network = try LeaseNetwork(["subnet": "10.1.2.0/24"])
        let list: JSONValue = [
            "cniVersion": "1.1.0", "name": "mynet",
            "plugins": [["type": "bridge", "ipam": .object(network.ipam)], ["type": "portmap"]],
        ]
        try network.files.write("net.d/mynet.conflist", list.description)
    }

    private func leases(_ arguments: String...) throws -> PluginOutcome {
        try ThisMachine().outcome(
            of: ["\(Executables.own)/cnitool", "leases"] + arguments, ["NETCONFPATH": "\(network.files.path)/net.d"])
    }

    @Test func listsLeasesInTheOrderOfTheirAddresses() throws {
        var living = network
        living.namespacePath = network.files.path
        try living.run("ADD", "c1")
        try network.run("ADD", "c2")
        try network.files.write("mynet/10.1.2.10", "c3")
        let table = try leases("mynet")
        #expect(table.succeeded, "\(table.errorOutput)")
        let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(
            rows.map { [$0[0], $0[1], $0[2], $0[4]] } == [
                ["ADDRESS", "CONTAINER", "INTERFACE", "ALIVE"], ["10.1.2.2", "c1", "eth0", "yes"],
                ["10.1.2.3", "c2", "eth0", "no"], ["10.1.2.10", "c3", "-", "unknown"],
            ])

        let objects = try leases("--json", "mynet").json.array ?? []
        #expect(objects.map { $0.object?["address"]?.string } == ["10.1.2.2", "10.1.2.3", "10.1.2.10"])
        #expect(objects.map { $0.object?["alive"] } == [true, false, .null])
        #expect(objects.map { $0.object?["ifname"] } == ["eth0", "eth0", .null])
    }

    /// Whoever wrote a lease may have written anything.
    @Test func printsNothingThatATerminalWouldObey() throws {
        try network.files.write("mynet/10.1.2.9", "c\u{1b}[2J9\r\neth0")
        #expect(try leases("mynet").output.contains("10.1.2.9  c?[2J9     eth0"))
    }

    @Test func listsNothingAndMakesNothingWhereNothingIs() throws {
        #expect(try leases("mynet").output == "ADDRESS  CONTAINER  INTERFACE  AGE  ALIVE\n")
        #expect(try leases("mynet", "--json").json == [])
        #expect(network.files.names() == ["net.d"])
    }

    /// Their configurations are handed on to a bridge, with host-local where they do not say.
    @Test(arguments: [
        #"{"type":"flannel","ipam":{"dataDir":"DIR"}}"#, #"{"type":"vxlan","ipam":{"dataDir":"DIR"}}"#,
        #"{"type":"vxlan","delegate":{"ipam":{"type":"host-local","dataDir":"DIR"}}}"#,
    ])
    func findsLeasesOfPluginsThatDelegate(plugin: String) throws {
        try network.run("ADD", "c1")
        let text = plugin.replacing("DIR", with: network.files.path)
        try network.files.write("net.d/mynet.conflist", #"{"name":"mynet","cniVersion":"1.1.0","plugins":[\#(text)]}"#)
        #expect(try leases("mynet").output.contains("10.1.2.2  c1 "))
    }

    @Test(arguments: [#"{"type":"vxlan","ipam":{"type":"dhcp"}}"#, #"{"type":"bridge"}"#])
    func findsNoLeasesWhereOthersGiveTheAddresses(plugin: String) throws {
        try network.files.write(
            "net.d/mynet.conflist", #"{"name":"mynet","cniVersion":"1.1.0","plugins":[\#(plugin)]}"#)
        #expect(try leases("mynet").ending == .exited(1))
    }

    @Test func saysWhenANetworkHasNoLeases() throws {
        try network.files.write(
            "net.d/other.conflist", #"{"cniVersion":"1.0.0","name":"other","plugins":[{"type":"loopback"}]}"#)
        let outcome = try leases("other")
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.errorOutput
                == "cnitool: network \"other\" has no host-local in it, whose leases these would be\n")
    }
}
