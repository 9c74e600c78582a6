import JSON
import LinuxSystem
import TestSupport
import Testing

/// Who reaches a container by a port of its host, and whom the container sees.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct PortmapTrafficTests {
    var network: PortmapNetwork
    let container: TestContainer
    let neighbor: TestContainer
    let stranger: TestContainer
    let router: TestRouter

    init() throws {
        network = try PortmapNetwork()
        container = try TestContainer()
        neighbor = try TestContainer()
        stranger = try TestContainer()
        router = try TestRouter(beside: network.host)
        for machine in [container, neighbor, stranger] { try machine.run("ip", "link", "set", "lo", "up") }
        // What refuses a datagram is not held back.
        for setting in ["ipv4.icmp_ratelimit=0", "ipv6.icmp.ratelimit=0"] {
            try network.host.run("sysctl", "net.\(setting)")
        }
    }

    /// One family's addresses.
    struct Family: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let host: String
        let router: String
        let localhost: String
        let any: String
        let container: String
        let gateway: String
        let neighbor: String
        let stranger: String
        let strangersGateway: String

        static let all = [
            Family(
                testDescription: "IPv4", host: TestRouter.hostAddresses[0], router: TestRouter.addresses[0],
                localhost: "127.0.0.1", any: "0.0.0.0", container: "10.1.2.2", gateway: "10.1.2.1",
                neighbor: "10.1.2.3", stranger: "10.1.3.2", strangersGateway: "10.1.3.1"),
            Family(
                testDescription: "IPv6", host: TestRouter.hostAddresses[1], router: TestRouter.addresses[1],
                localhost: "::1", any: "::", container: "fd00:1::2", gateway: "fd00:1::1", neighbor: "fd00:1::3",
                stranger: "fd00:2::2",
                strangersGateway: "fd00:2::1"),
        ]
    }

    /// How ports are led to containers, and whether frames on bridges pass netfilter.
    struct Setting: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var more: JSONObject = [:]
        var isBridgeFiltered = true

        static let all = [
            Setting(testDescription: "nftables"),
            Setting(testDescription: "nftables, bridges apart", isBridgeFiltered: false),
            Setting(testDescription: "iptables", more: ["backend": "iptables"]),
        ]

        /// The kernel drops what leads to ::1 before a bridge has changed that back, and the reference's rules do not know
        /// it.
        func leadsLocalhost(_ family: Family) -> Bool {
            family.localhost == "127.0.0.1" || !isBridgeFiltered
        }
    }

    /// A kernel may have no netfilter for bridges, which is as if it were off.
    private func apply(_ setting: Setting) throws {
        let value = setting.isBridgeFiltered ? 1 : 0
        try network.host.namespace.shell(
            """
            for name in iptables ip6tables; do
                file=/proc/sys/net/bridge/bridge-nf-call-$name
                [ ! -e $file ] || echo \(value) >$file
            done
            """)
    }

    private func attach(_ ports: JSONValue...) throws {
        _ = try network.attach(container, ports: ports)
        _ = try network.attach(neighbor, id: "cid2", ports: [])
        _ = try network.second().attach(stranger, id: "cid3", ports: [])
        // Everyone knows everyone from here on.
        for machine in [container, neighbor, stranger] {
            for family in Family.all { #expect(machine.reaches(family.host)) }
        }
        for family in Family.all { #expect(router.machine.reaches(family.host)) }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let family: Family
        let kind: TestSocket.Kind
        let setting: Setting

        var testDescription: String { "\(family.testDescription) \(kind) \(setting.testDescription)" }

        static let all = Family.all.flatMap { family in
            [TestSocket.Kind.tcp, .udp].flatMap { kind in
                Setting.all.map { Case(family: family, kind: kind, setting: $0) }
            }
        }
    }

    @Test(arguments: Case.all)
    mutating func everyoneReachesTheContainer(test: Case) throws {
        let (family, kind) = (test.family, test.kind)
        network.more = test.setting.more
        try apply(test.setting)
        let port = JSONValue.port(8080, to: 80, kind == .tcp ? "tcp" : "UDP")
        try attach(port)
        let server = try Conversation.server(kind, at: 80, for: family.any, in: container.namespace)
        func source(_ path: String, _ address: String, _ port: UInt16 = 8080) throws -> String {
            try Conversation.source(kind, from: NetworkNamespace(path: path), to: address, port, with: server)
        }
        let host = network.host.namespace.path
        #expect(try source(router.machine.path, family.host) == family.router, "from outside")
        #expect(try source(host, family.host) == family.host, "from the host")
        if test.setting.leadsLocalhost(family) {
            #expect(try source(host, family.localhost) == family.gateway, "from the host, by localhost")
        }
        #expect(try source(container.path, family.host) == family.gateway, "from itself")
        #expect(try source(container.path, family.gateway) == family.gateway, "from itself, by its gateway")
        #expect(try source(neighbor.path, family.host) == family.gateway, "from its network")
        #expect(try source(stranger.path, family.host) == family.stranger, "from another network")
        #expect(try source(stranger.path, family.strangersGateway) == family.stranger, "by its gateway")
        // Who asks the container itself is not masqueraded.
        #expect(try source(neighbor.path, family.container, 80) == family.neighbor)
        #expect(try source(stranger.path, family.container, 80) == family.stranger)

        try network.detach(container, ports: [port])
        #expect(try Conversation.isRefused(kind, from: router.machine.namespace, to: family.host, 8080))
    }

    @Test(arguments: Family.all)
    func aPortOfOneAddressIsNotThatOfAnother(family: Family) throws {
        try apply(Setting.all[1])
        try attach(
            .port(8080, to: 80, on: family.host), .port(8081, to: 80, on: family.localhost),
            .port(8082, to: 80, on: family.any))
        let server = try Conversation.server(.tcp, at: 80, for: family.any, in: container.namespace)
        let router = try NetworkNamespace(path: router.machine.path)
        for port in [UInt16(8080), 8082] {
            #expect(try Conversation.source(.tcp, from: router, to: family.host, port, with: server) == family.router)
        }
        for port in [UInt16(8081), 8082] {
            let host = network.host
            #expect(
                try Conversation.source(.tcp, from: host.namespace, to: family.localhost, port, with: server)
                    == family.gateway)
        }
        #expect(try Conversation.isRefused(.tcp, from: router, to: family.host, 8081))
        #expect(try Conversation.isRefused(.tcp, from: neighbor.namespace, to: family.gateway, 8080))
        for other in Family.all where other.host != family.host {
            for port in [UInt16(8080), 8081, 8082] {
                #expect(try Conversation.isRefused(.tcp, from: router, to: other.host, port))
            }
        }
    }

    @Test(arguments: Family.all)
    mutating func theContainerSeesItsHostForEveryoneWhereAskedFor(family: Family) throws {
        network.more = ["masqAll": true]
        try apply(Setting.all[1])
        try attach(.port(8080, to: 80))
        let server = try Conversation.server(.tcp, at: 80, for: family.any, in: container.namespace)
        for namespace in [router.machine.path, stranger.path, container.path] {
            let machine = try NetworkNamespace(path: namespace)
            #expect(try Conversation.source(.tcp, from: machine, to: family.host, 8080, with: server) == family.gateway)
        }
        #expect(
            try Conversation.source(.tcp, from: network.host.namespace, to: family.localhost, 8080, with: server)
                == family.gateway)
    }

    /// What lets answers to localhost in would let everyone in.
    @Test func aContainerDoesNotReachWhatListensAtLocalhostAlone() throws {
        try attach(.port(8080, to: 80))
        let local = try TestSocket(.udp, for: "127.0.0.1", in: network.host.namespace)
        try local.bind("127.0.0.1", 7000)
        try neighbor.namespace.shell(
            """
            sysctl -q net.ipv4.conf.eth0.route_localnet=1
            ip route del local 127.0.0.0/8 dev lo table local
            ip route del local 127.0.0.1 dev lo table local
            ip route add 127.0.0.1 via 10.1.2.1 src 10.1.2.3
            """)
        func send(_ text: String) throws {
            let client = try TestSocket(.udp, for: "127.0.0.1", in: neighbor.namespace)
            try client.connect(to: "127.0.0.1", 7000)
            try client.send(text)
        }
        try send("unasked")
        // The same arrives where nothing drops it.
        try network.host.run("nft", "flush", "chain", "inet", "cni_portmap", "unasked")
        try send("asked")
        #expect(try local.receive() == "asked")
    }

    @Test(arguments: Family.all)
    mutating func nobodyIsMasqueradedWithoutSNAT(family: Family) throws {
        network.more = ["snat": false]
        try attach(.port(8080, to: 80))
        let server = try Conversation.server(.tcp, at: 80, for: family.any, in: container.namespace)
        #expect(
            try Conversation.source(.tcp, from: router.machine.namespace, to: family.host, 8080, with: server)
                == family.router)
        #expect(
            try Conversation.source(.tcp, from: stranger.namespace, to: family.host, 8080, with: server)
                == family.stranger)
        #expect(try network.host.elements().allSatisfy { !$0.contains("10.1.2.0 ") && !$0.contains("127.0.0.0 ") })
        #expect(try network.host.run("sysctl", "-n", "net.ipv4.conf.bridge0.route_localnet") == "0\n")
    }

    /// A client that keeps its port keeps its connection, and with it the container that answered it first.
    @Test(arguments: Family.all, Setting.all)
    mutating func aClientThatTalksOnReachesTheNextContainer(family: Family, setting: Setting) throws {
        network.more = setting.more
        try apply(setting)
        let port = JSONValue.port(5353, to: 53, "udp")
        let client = try TestSocket(.udp, for: family.host, in: router.machine.namespace)
        try client.bind(family.any, 4711)
        try client.connect(to: family.host, 5353)
        func ask(_ machine: TestContainer) throws {
            let server = try Conversation.server(.udp, at: 53, for: family.any, in: machine.namespace)
            try client.send("question")
            #expect(try server.answer("answer").source == family.router)
            #expect(try client.receive() == "answer")
        }
        _ = try network.attach(container, ports: [port])
        try ask(container)
        try network.detach(container, ports: [port])
        // While nobody is there it hears so, which is a connection to the host itself.
        try client.send("question")
        #expect(throws: CommandFailure.self) { try client.receive() }
        _ = try network.attach(neighbor, id: "cid2", ports: [port])
        try ask(neighbor)
    }

    /// Without SCTP in the kernel nobody answers, but the packet that begins an association is led all the same.
    @Test(arguments: Family.all)
    mutating func associationsOfSCTPAreLedToTheContainer(family: Family) throws {
        try attach(.port(3868, to: 38, "sctp"))
        let word = family.any == "::" ? "ip6" : "ip"
        try container.namespace.output(
            of: "nft", ["-f", "-"],
            input: """
                table inet seen {
                    chain in {
                        type filter hook input priority 0
                        \(word) saddr \(family.router) sctp sport 4711 sctp dport 38 sctp chunk init exists counter
                    }
                }

                """)
        let address = family.host
        let client = try TestSocket(
            rawProtocol: SCTPPacket.protocolNumber, for: address, in: router.machine.namespace)
        try client.connect(to: address, 0)
        try client.send(bytes: SCTPPacket.initiation(from: 4711, to: 3868))
        // What was sent before it has arrived.
        #expect(router.machine.reaches(address))
        #expect(try container.run("nft", "list", "ruleset").contains("counter packets 1 "))
    }
}
