import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// What `portmap` says and makes, verb by verb.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct PortmapTests {
    var network: PortmapNetwork

    init() throws {
        network = try PortmapNetwork()
    }

    private var host: TestHost { network.host }

    private func run(
        _ verb: String, id: String = "cid1", ports: [JSONValue]?, more: JSONObject = [:], isChained: Bool = true
    ) throws -> PluginOutcome {
        var network = network
        network.more = more
        var call = network.call(nil, id: id, ports: ports, after: isChained ? PortmapNetwork.outcome : nil)
        call.namespacePath = "/run/netns/blue"
        return try call.run(verb, on: host)
    }

    private func add(_ id: String, _ ports: JSONValue...) throws {
        let added = try run("ADD", id: id, ports: ports)
        try #require(added.succeeded, "\(added.output)")
    }

    @Test func passesOnWhatThePluginBeforeItSaid() throws {
        for ports in [[JSONValue.port(8080, to: 80)], [], nil] {
            let added = try run("ADD", ports: ports)
            #expect(added.json == PortmapNetwork.result, "\(added.output)")
        }
    }

    @Test(arguments: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    mutating func passesOnResultsOfEveryVersion(version: String) throws {
        network.bridge.version = version
        network.bridge.ranges = [[["subnet": "10.1.2.0/24"]]]
        let container = try TestContainer()
        let attached = try network.bridge.call(container).run("ADD", on: host)
        try #require(attached.succeeded, "\(attached.output)")
        let call = network.call(container, ports: [.port(8080, to: 80)], after: attached)
        let added = try call.run("ADD", on: host)
        #expect(added.json == attached.json, "\(added.output)")
        #expect(try host.elements().contains("tcp . 8080 comment \"net1 cid1 eth0\" : 10.1.2.2 . 80"))
        #expect(try call.run("DEL", on: host).succeeded)
        #expect(try host.ruleset().isEmpty)
    }

    /// Those of other interfaces, and the second of a family, are none of its.
    @Test func portsLeadToTheFirstAddressesOfTheInterface() throws {
        try add("cid1", .port(8080, to: 80))
        let elements = try host.elements()
        #expect(elements.contains("tcp . 8080 comment \"net1 cid1 eth0\" : 10.1.2.2 . 80"))
        #expect(elements.contains("tcp . 8080 comment \"net1 cid1 eth0\" : fd00:1::2 . 80"))
        #expect(!elements.contains { $0.contains("10.1.2.1 .") || $0.contains("10.1.2.99") })
    }

    @Test func protocolsAndAddressesAreKeptApart() throws {
        try add(
            "cid1", .port(53, to: 53, "UDP"), .port(53, to: 54, "tcp", on: "192.0.2.1"),
            .port(53, to: 55, "sctp", on: "::"))
        try add("cid2", .port(53, to: 56, "tcp", on: "192.0.2.2"), .port(53, to: 57, "tcp", on: ""))
        let mapped = try host.elements().filter { $0.contains(" : ") && !$0.hasPrefix("\"") }
        #expect(
            mapped == [
                "sctp . 53 comment \"net1 cid1 eth0\" : fd00:1::2 . 55",
                "tcp . 192.0.2.1 . 53 comment \"net1 cid1 eth0\" : 10.1.2.2 . 54",
                "tcp . 192.0.2.2 . 53 comment \"net1 cid2 eth0\" : 10.1.2.2 . 56",
                "tcp . 53 comment \"net1 cid2 eth0\" : 10.1.2.2 . 57",
                "tcp . 53 comment \"net1 cid2 eth0\" : fd00:1::2 . 57",
                "udp . 53 comment \"net1 cid1 eth0\" : 10.1.2.2 . 53",
                "udp . 53 comment \"net1 cid1 eth0\" : fd00:1::2 . 53",
            ])
    }

    struct BadConfiguration: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var ports: [JSONValue] = [.port(8080, to: 80)]
        var more: JSONObject = [:]
        var message: String
    }

    @Test(arguments: [
        BadConfiguration(
            testDescription: "host port 0", ports: [.port(0, to: 80)],
            message: "runtimeConfig.portMappings[0].hostPort: Invalid host port number: 0"),
        BadConfiguration(
            testDescription: "container port 65536", ports: [.port(80, to: 80), .port(81, to: 65536)],
            message: "runtimeConfig.portMappings[1].containerPort: Invalid container port number: 65536"),
        BadConfiguration(
            testDescription: "another protocol", ports: [.port(80, to: 80, "icmp")],
            message: "runtimeConfig.portMappings[0].protocol: expected tcp, udp or sctp, got \"icmp\""),
        BadConfiguration(
            testDescription: "no address", ports: [.port(80, to: 80, on: "localhost")],
            message: "runtimeConfig.portMappings[0].hostIP: expected an IP address such as 10.1.0.1, got \"localhost\""),
        BadConfiguration(
            testDescription: "one port to two", ports: [.port(80, to: 80), .port(80, to: 81)],
            message: "runtimeConfig.portMappings: tcp port 80 is to lead to more than one port"),
        BadConfiguration(
            testDescription: "backend", more: ["backend": "foo"], message: "unrecognized backend \"foo\""),
        BadConfiguration(
            testDescription: "bit", more: ["markMasqBit": 32], message: "MasqMarkBit must be between 0 and 31"),
        BadConfiguration(
            testDescription: "chain and bit", more: ["markMasqBit": 5, "externalSetMarkChain": "KUBE-MARK-MASQ"],
            message: "Cannot specify externalSetMarkChain and markMasqBit"),
        BadConfiguration(
            testDescription: "iptables' options for nftables",
            more: [
                "backend": "nftables", "externalSetMarkChain": "KUBE-MARK-MASQ", "conditionsV4": ["-s", "10.0.0.0/8"],
                "conditionsV6": ["!", "-s", "fd00::/8"],
            ],
            message: "nftables backend was requested but configuration contains iptables-specific options "
                + "[externalSetMarkChain conditionsV4 conditionsV6]"),
        BadConfiguration(
            testDescription: "nft's conditions for iptables",
            more: ["backend": "iptables", "conditionsV4": ["ip", "saddr", "10.0.0.0/8"], "conditionsV6": ["meta"]],
            message: "iptables backend was requested but configuration contains nftables-specific options "
                + "[conditionsV4 conditionsV6]"),
        BadConfiguration(
            testDescription: "nft's conditions", more: ["conditionsV4": ["ip", "saddr", "10.0.0.0/8"]],
            message: "conditionsV4: expected no conditions of nft"),
        BadConfiguration(
            testDescription: "a second line for iptables", more: ["conditionsV4": ["-s", "10.0.0.0/8\n-F"]],
            message: "conditionsV4: expected words of iptables, got a control character"),
    ])
    func refusesWhatItCannotDo(test: BadConfiguration) throws {
        for verb in ["ADD", "CHECK"] {
            let refused = try run(verb, ports: test.ports, more: test.more)
            #expect(refused.errorCode == 7)
            #expect(refused.errorMessage == test.message)
        }
        // What is there can be removed whatever the configuration has become.
        try add("cid1", .port(8080, to: 80))
        let deleted = try run("DEL", ports: test.ports, more: test.more)
        #expect(deleted.succeeded, "\(deleted.output)")
        #expect(try host.ruleset().split(separator: "\n").allSatisfy { !$0.contains("cid1") })
    }

    @Test func isNoPluginByItself() throws {
        for (verb, message) in [("ADD", "must be called as chained plugin"), ("CHECK", "Required prevResult missing")] {
            let refused = try run(verb, ports: [.port(8080, to: 80)], isChained: false)
            #expect(refused.errorCode == 7)
            #expect(refused.errorMessage == message)
        }
    }

    @Test func containersWithoutPortsCostNoMoreThanAStart() throws {
        let strace = try #require(Executables.find("strace"))
        var call = network.call(nil, ports: [], after: PortmapNetwork.outcome)
        call.namespacePath = "/run/netns/blue"
        call.launcher = [strace, "-f", "-e", "trace=socket,execve,clone3,vfork", "-o", "\(host.directory.path)/trace"]
        for verb in ["ADD", "CHECK"] {
            #expect(try call.run(verb, on: host).succeeded)
            let trace = try #require(host.directory.contents("trace"))
            #expect(!trace.contains("socket("), "\(trace)")
            #expect(trace.matches(of: /execve|clone|fork/).count == 1, "\(trace)")
        }
    }

    // MARK: Taken ports

    @Test func aPortThatLeadsToAnotherContainerIsRefused() throws {
        try add("cid1", .port(8080, to: 80))
        let before = try host.ruleset()
        let refused = try run("ADD", id: "cid2", ports: [.port(8081, to: 80), .port(8080, to: 80)])
        #expect(
            refused.errorMessage
                == "map tcp port 8080: Address already in use: container cid1 (eth0) of network \"net1\" has it")
        #expect(try host.ruleset() == before)
    }

    @Test(arguments: [
        ("0.0.0.0", TestSocket.Kind.tcp, JSONValue.port(8080, to: 80)),
        ("127.0.0.1", .tcp, .port(8080, to: 80)),
        ("::", .tcp, .port(8080, to: 80, on: "192.0.2.1")),
        ("::1", .tcp, .port(8080, to: 80)),
        ("0.0.0.0", .udp, .port(8080, to: 53, "udp")),
        ("127.0.0.1", .udp, .port(8080, to: 53, "udp", on: "127.0.0.1")),
    ])
    func aPortThatAProgramWaitsAtIsRefused(address: String, kind: TestSocket.Kind, port: JSONValue) throws {
        let socket = try TestSocket(kind, for: address, in: host.namespace)
        try socket.bind(address, 8080)
        if kind == .tcp { try socket.listen() }
        let refused = try run("ADD", ports: [.port(8081, to: 80), port])
        let program = try #require(CommandLine.arguments.first)
        let message = try #require(refused.errorMessage)
        // A child of this process has its sockets for a moment, until it runs another program.
        #expect(message.contains(": Address already in use: process ") && message.contains(program), "\(message)")
        #expect(message.hasPrefix("map \(kind == .tcp ? "tcp" : "udp") port 8080"), "\(message)")
        #expect(try host.ruleset().isEmpty)
        // It is in nobody's way where it does not wait.
        let other = try run("ADD", ports: [.port(8080, to: 80, kind == .tcp ? "udp" : "tcp"), .port(8081, to: 80)])
        #expect(other.succeeded, "\(other.output)")
    }

    /// A program that talks to someone has its port for that alone.
    @Test func aPortThatAClientHasIsFree() throws {
        let server = try TestSocket(.tcp, for: "127.0.0.1", in: host.namespace)
        try server.bind("127.0.0.1", 7000)
        try server.listen()
        let client = try TestSocket(.tcp, for: "127.0.0.1", in: host.namespace)
        try client.bind("127.0.0.1", 8080)
        try client.connect(to: "127.0.0.1", 7000)
        try add("cid1", .port(8080, to: 80))
    }

    /// As podman's conmon does, which keeps others from taking the port.
    @Test func aRuntimeMayHoldTheContainersPortItself() throws {
        let socket = try TestSocket(.tcp, for: "0.0.0.0", in: host.namespace)
        try socket.bind("0.0.0.0", 8080)
        try socket.listen()
        let holder = try ChildProcess(
            URL(filePath: "/usr/bin/tail"), ["-f", "/dev/null", "cid1"], environment: [:],
            input: .descriptor(socket.rawValue))
        defer {
            kill(holder.identifier, SIGKILL)
            _ = holder.wait()
        }
        #expect(try run("ADD", id: "cid2", ports: [.port(8080, to: 80)]).errorMessage?.contains("waits there") == true)
        try add("cid1", .port(8080, to: 80))
    }

    // MARK: DEL, CHECK, GC, STATUS

    @Test func deletesByOwnerWithoutAnyConfiguration() throws {
        try add("cid2", .port(9000, to: 90))
        let before = try host.elements()
        try add("cid1", .port(8080, to: 80), .port(53, to: 53, "udp", on: "192.0.2.1"))
        for ports in [nil, [JSONValue.port(1, to: 1)], nil] {
            let deleted = try run("DEL", ports: ports, isChained: false)
            #expect(deleted.succeeded, "\(deleted.output)")
            #expect(deleted.output.isEmpty)
            #expect(try host.elements() == before)
        }
        // What another container has is not touched by asking for it.
        #expect(try run("DEL", ports: [.port(9000, to: 90)]).succeeded)
        #expect(try host.elements() == before)
        #expect(try run("DEL", id: "cid2", ports: nil).succeeded)
        #expect(try host.ruleset().isEmpty)
    }

    @Test func interfacesOfOneContainerHavePortsOfTheirOwn() throws {
        try add("cid1", .port(8080, to: 80))
        var second = network.call(nil, ports: [.port(8081, to: 80)], after: PortmapNetwork.outcome)
        second.namespacePath = "/run/netns/blue"
        second.interfaceName = "net1"
        // An address without an interface is every interface's.
        let added = try second.run("ADD", on: host)
        #expect(added.json == PortmapNetwork.result)
        let before = try host.elements()
        #expect(try second.run("DEL", on: host).succeeded)
        #expect(try host.elements().count <= before.count)
        #expect(try run("CHECK", ports: [.port(8080, to: 80)]).succeeded)
    }

    @Test func checkNamesEachDifference() throws {
        let ports: [JSONValue] = [.port(8080, to: 80), .port(53, to: 53, "udp", on: "192.0.2.1")]
        #expect(
            try run("CHECK", ports: ports).errorMessage
                == "tcp port 8080 to 10.1.2.2:80 is missing in table inet cni_portmap; "
                + "udp port 53 of 192.0.2.1 to 10.1.2.2:53 is missing in table inet cni_portmap; "
                + "tcp port 8080 to [fd00:1::2]:80 is missing in table inet cni_portmap")
        let added = try run("ADD", ports: ports)
        #expect(added.succeeded, "\(added.output)")
        let checked = try run("CHECK", ports: ports)
        #expect(checked.succeeded, "\(checked.output)")
        try host.namespace.shell(
            """
            nft delete element inet cni_portmap 'addresses4 { udp . 192.0.2.1 . 53 }'
            nft flush chain inet cni_portmap postrouting
            """)
        #expect(
            try run("CHECK", ports: ports).errorMessage
                == "udp port 53 of 192.0.2.1 to 10.1.2.2:53 is missing in table inet cni_portmap; "
                + "the chains of table inet cni_portmap have been changed")
    }

    @Test func checkLooksAtWhatLocalhostNeeds() throws {
        let container = try TestContainer()
        let ports: [JSONValue] = [.port(8080, to: 80)]
        let added = try network.attach(container, ports: ports)
        let call = network.call(container, ports: ports, after: added)
        #expect(try call.run("CHECK", on: host).succeeded)
        try host.namespace.shell(
            "sysctl net.ipv4.conf.bridge0.route_localnet=0; ip -6 route del local ::1 dev bridge0 table local")
        #expect(
            try call.run("CHECK", on: host).errorMessage?.split(separator: "; ").sorted() == [
                "bridge0 has no route for ::1, which answers need",
                "route_localnet of bridge0 is off, which 127.0.0.1 needs",
            ])
    }

    @Test func garbageIsWhatNoValidContainerHas() throws {
        try add("cid1", .port(8080, to: 80))
        let before = try host.elements()
        try add("cid2", .port(8081, to: 81), .port(8082, to: 82))
        let valid: JSONValue = [["containerID": "cid1", "ifname": "eth0"]]
        let collected = try run("GC", ports: nil, more: ["cni.dev/valid-attachments": valid], isChained: false)
        #expect(collected.succeeded, "\(collected.output)")
        #expect(try host.elements() == before)
        #expect(try run("GC", ports: nil, more: ["cni.dev/valid-attachments": []], isChained: false).succeeded)
        #expect(try host.ruleset().isEmpty)
    }

    @Test func statusTellsWhetherPortsReachContainers() throws {
        #expect(try run("STATUS", ports: nil, isChained: false).succeeded)
        try add("cid1", .port(8080, to: 80))
        #expect(try run("STATUS", ports: nil, isChained: false).succeeded)
        #expect(try run("STATUS", ports: nil, more: ["backend": "iptables"], isChained: false).succeeded)
        try host.run("nft", "flush", "chain", "inet", "cni_portmap", "mappings")
        let cut = try run("STATUS", ports: nil, isChained: false)
        #expect(cut.errorCode == 51)
        try add("cid2", .port(8081, to: 80))
        #expect(try run("STATUS", ports: nil, isChained: false).succeeded)
        #expect(try run("STATUS", ports: nil, more: ["backend": "foo"], isChained: false).errorCode == 50)
    }
}
