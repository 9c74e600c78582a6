import JSON
import LinuxSystem
import TestSupport
import Testing

/// The plugin and its daemon with real servers: what each verb does.
@Suite(.enabled(if: Executables.canCreateNamespaces && DHCPServer.areAvailable))
struct DHCPTests {
    let network: DHCPNetwork
    let daemon: RunningProgram
    var host: TestHost { network.host }

    init() throws {
        network = try DHCPNetwork()
        daemon = try network.startDaemon()
    }

    @Test(arguments: DHCPServer.allCases)
    func leasesAnAddressAndGivesItBack(server: DHCPServer) throws {
        let server = try server.start(on: host)
        let container = try network.container()
        let call = network.call(container)
        let outcome = try call.run("ADD", on: host)
        let address = try #require(outcome.addresses.first, "\(outcome.output)")
        #expect(address.hasPrefix("10.9.0.") && address.hasSuffix("/24"))
        #expect(
            outcome.json.object?["ips"] == [["address": .string(address), "gateway": "10.9.0.1"]])
        #expect(outcome.json.object?["routes"] == [["dst": "0.0.0.0/0", "gw": "10.9.0.1"]])
        try server.wait(for: DHCPServer.acknowledges, of: String(address.dropLast(3)))
        #expect(try call.after(outcome).run("CHECK", on: host).output == "")

        for _ in 1...2 {
            let deletion = try call.run("DEL", on: host)
            #expect(deletion.succeeded && deletion.output.isEmpty)
        }
        try server.wait(for: DHCPServer.isGivenBack, of: String(address.dropLast(3)))
        #expect(network.keptLeases.isEmpty)
        #expect(
            try call.after(outcome).run("CHECK", on: host).errorMessage == "DHCP daemon: there is no lease for eth0")
    }

    @Test(arguments: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    func speaksEveryVersion(version: String) throws {
        let server = try DHCPServer.dnsmasq.start(on: host)
        let call = network.call(try network.container(), version: version)
        let outcome = try call.run("ADD", on: host)
        #expect(outcome.succeeded && outcome.json.object?["cniVersion"]?.string == version)
        #expect(outcome.output.contains("10.9.0.1\""))
        #expect(try call.run("DEL", on: host).succeeded)
        try server.wait(for: DHCPServer.isGivenBack)
    }

    @Test func asksForWhatIsRequestedAndTellsWhatIsProvided() throws {
        let server = try DHCPServer.dnsmasq.start(
            on: host,
            .init(more: [
                "--dhcp-option=6,10.9.0.5,10.9.0.6", "--dhcp-option=15,example.org", "--dhcp-option=26,1400",
                "--dhcp-option=119,a.example,b.example",
                "--dhcp-option=121,10.20.0.0/16,10.9.0.2,10.21.0.0/16,0.0.0.0,0.0.0.0/0,10.9.0.1",
            ]))
        let container = try network.container()
        var call = network.call(
            container,
            ipam: [
                "priority": 50, "request": [["option": "42"]],
                "provide": [
                    ["option": "host-name", "value": "unnamed", "fromArg": "K8S_POD_NAME"],
                    ["option": "60", "value": "container"], ["option": "user-class", "fromArg": "MISSING"],
                ],
            ])
        call.arguments = "IgnoreUnknown=1;K8S_POD_NAME=web-0"
        let result = try call.run("ADD", on: host).json.object
        #expect(
            result?["dns"] == [
                "domain": "example.org", "nameservers": ["10.9.0.5", "10.9.0.6"], "search": ["a.example", "b.example"],
            ])
        #expect(
            result?["routes"] == [
                ["dst": "10.20.0.0/16", "gw": "10.9.0.2", "priority": 50],
                ["dst": "10.21.0.0/16", "gw": "0.0.0.0", "priority": 50, "scope": 253],
                ["dst": "0.0.0.0/0", "gw": "10.9.0.1", "priority": 50],
            ])
        #expect(try container.link("eth0")?["mtu"] == 1400)
        try server.wait(for: "vendor class: container")
        try server.wait(for: "client provides name: web-0")
        #expect(try server.wait(for: "requested options").contains("42:ntp-server, 121:classless-static-route"))
    }

    @Test func asksForNothingElseWhereDefaultsAreSkipped() throws {
        let server = try DHCPServer.dnsmasq.start(on: host)
        let requests: JSONValue = [["option": "subnet-mask", "skipDefault": true], ["option": "12"]]
        let call = network.call(try network.container(), ipam: ["request": requests])
        let outcome = try call.run("ADD", on: host)
        #expect(try server.wait(for: "requested options").hasSuffix("requested options: 1:netmask, 12:hostname"))
        #expect(outcome.addresses.count == 1 && outcome.json.object?["routes"] == nil)
    }

    @Test func theConfigurationsMTUGoesBeforeTheServers() throws {
        let server = try DHCPServer.dnsmasq.start(on: host, .init(more: ["--dhcp-option=26,1400"]))
        let container = try network.container()
        var call = network.call(container)
        var configuration = network.configuration()
        configuration["mtu"] = 1500
        call.configuration = .object(configuration)
        #expect(try call.run("ADD", on: host).succeeded)
        try server.wait(for: DHCPServer.acknowledges)
        #expect(try container.link("eth0")?["mtu"] == 1500)
    }

    @Test func anotherADDOfTheSameInterfaceGetsTheSameAnswer() throws {
        let server = try DHCPServer.dnsmasq.start(on: host)
        let container = try network.container()
        let call = network.call(container)
        let first = try call.run("ADD", on: host)
        #expect(try call.run("ADD", on: host).output == first.output)

        // Nor does a new interface keep it waiting for the old one's lease.
        try container.run("ip", "link", "delete", "eth0")
        try network.connect(container)
        #expect(try call.run("CHECK", on: host).errorMessage?.hasSuffix("is leased for is gone") == true)
        #expect(try call.run("ADD", on: host).addresses.count == 1)
        #expect(network.keptLeases.count == 1)
        try server.wait(for: DHCPServer.acknowledges)
    }

    @Test func twoInterfacesOfAContainerHaveALeaseEach() throws {
        let server = try DHCPServer.isc.start(on: host)
        let container = try network.container()
        try network.connect(container, "net1")
        var calls = [network.call(container), network.call(container)]
        calls[1].interfaceName = "net1"
        let addresses = try calls.flatMap { try $0.run("ADD", on: host).addresses }
        #expect(Set(addresses).count == 2)
        for call in calls { #expect(try call.run("DEL", on: host).succeeded) }
        for _ in calls { try server.wait(for: DHCPServer.isGivenBack) }
    }

    @Test func garbageIsGivenBack() throws {
        let server = try DHCPServer.dnsmasq.start(on: host)
        let containers = try [network.container(), network.container()]
        let outcomes = try containers.enumerated().map { try network.call($1, id: "cid\($0)").run("ADD", on: host) }
        var configuration = network.configuration()
        configuration["cni.dev/valid-attachments"] = [["containerID": "cid1", "ifname": "eth0"]]
        let collection = try PluginCall("dhcp", .object(configuration)).run("GC", on: host)
        #expect(collection.succeeded && collection.output.isEmpty)
        try server.wait(for: DHCPServer.isGivenBack, of: String(try #require(outcomes[0].addresses.first).dropLast(3)))
        #expect(network.keptLeases.count == 1)
        #expect(try network.call(containers[1]).after(outcomes[1]).run("CHECK", on: host).succeeded)
    }

    @Test func checkTellsAnotherAddress() throws {
        let server = try DHCPServer.dnsmasq.start(on: host)
        let call = network.call(try network.container())
        let outcome = try call.run("ADD", on: host)
        let address = String(try #require(outcome.addresses.first).dropLast(3))
        var checked = call
        guard case .object(var object) = call.configuration else { return }
        object["prevResult"] = ["cniVersion": "1.1.0", "ips": [["address": "10.9.0.49/24"]]]
        checked.configuration = .object(object)
        #expect(
            try checked.run("CHECK", on: host).errorMessage
                == "\(address) is leased to cid1 (eth0), and prevResult has 10.9.0.49")
        #expect(server.identifier > 0)
    }

    @Test(
        arguments: [
            ("request", [["option": "doNotparseMe"]], "ipam.request[0].option: expected an option such as"),
            ("request", [["option": "0"]], "ipam.request[0].option: expected an option such as"),
            ("provide", [["value": "x"]], "ipam.provide[0].option: missing"),
            (
                "provide", [["option": "53", "value": "x"]],
                "ipam.provide[0].option: option 53 is what the protocol needs"
            ),
            (
                "provide", [["option": "12", "value": .string(String(repeating: "x", count: 256))]],
                "value of option 12 has 256 bytes, and 255 is the most"
            ),
            ("priority", "high", "ipam.priority: expected an integer"),
        ] as [(String, JSONValue, String)])
    func refusesWhatIsNoConfiguration(member: String, value: JSONValue, message: String) throws {
        let call = network.call(try TestContainer(), ipam: [member: value])
        for command in ["ADD", "CHECK", "STATUS"] {
            let outcome = try call.run(command, on: host)
            #expect(outcome.errorMessage?.hasPrefix(message) == true, "\(command): \(outcome.output)")
            #expect(outcome.errorCode == (command == "STATUS" ? 50 : 7))
        }
        // What is there has to go all the same.
        #expect(try call.run("DEL", on: host).succeeded)
    }

    @Test func namesWhatIsMissing() throws {
        let container = try TestContainer()
        #expect(
            try network.call(container).run("ADD", on: host).errorMessage
                == "DHCP daemon: find link eth0: No such device")
        #expect(
            try network.call(nil).run("STATUS", on: host).succeeded)
        var call = network.call(container)
        call.namespacePath = "/nonexistent"
        #expect(
            try call.run("ADD", on: host).errorMessage
                == "DHCP daemon: open /nonexistent: No such file or directory")
        call.interfaceName = "lo"
        call.namespacePath = container.path
        #expect(
            try call.run("ADD", on: host).errorMessage
                == "DHCP daemon: use link lo: Operation not supported: it has no Ethernet address")
    }

    @Test func withoutADaemonOnlyDELAndGCSucceed() throws {
        daemon.end()
        let call = network.call(try network.container())
        for command in ["ADD", "CHECK", "STATUS"] {
            let outcome = try call.run(command, on: host)
            #expect(
                outcome.errorMessage == "no DHCP daemon listens at \(network.socketPath): No such file or directory")
            #expect(outcome.json.object?["details"]?.string?.contains("systemctl enable --now cni-dhcp.socket") == true)
            #expect(outcome.errorCode == (command == "STATUS" ? 50 : 11))
        }
        for command in ["DEL", "GC"] { #expect(try call.run(command, on: host).succeeded) }
    }
}
