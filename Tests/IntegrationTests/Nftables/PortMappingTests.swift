import Addressing
import LinuxSystem
import Nftables
import TestSupport
import Testing

/// Ports of a host that lead to a container, in what the module offers other modules and nothing else.
///
/// Connections from the container to itself get another source by a set of source and destination in IPv4, and by a mark
/// of the connection in IPv6.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct PortMappingTests {
    private let host: TestHost
    private let container: TestContainer
    private let client: TestContainer

    private static let containerAddresses = ["10.1.2.2", "fd00:1::2"]
    private static let gateways = ["10.1.2.1", "fd00:1::1"]
    private static let clientAddresses = ["192.0.2.9", "2001:db8::9"]
    private static let hostAddresses = ["192.0.2.1", "2001:db8::1"]

    init() throws {
        host = try TestHost()
        container = try TestContainer()
        client = try TestContainer()
        for setting in ["ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1"] {
            try host.run("sysctl", "net.\(setting)")
        }
        // What refuses a datagram is not held back.
        for setting in ["ipv4.icmp_ratelimit=0", "ipv6.icmp.ratelimit=0"] { try host.run("sysctl", "net.\(setting)") }
        try connect("c0", Self.gateways, to: container, Self.containerAddresses)
        try connect("o0", Self.hostAddresses, to: client, Self.clientAddresses)
        for gateway in Self.gateways { try container.run("ip", "route", "add", "default", "via", gateway) }
        // As a plugin has to, for connections of the host to 127.0.0.1.
        try host.run("sysctl", "net.ipv4.conf.c0.route_localnet=1")
    }

    private func connect(
        _ name: String, _ addresses: [String], to other: TestContainer, _ otherAddresses: [String]
    ) throws {
        try host.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", other.path)
        for (index, length) in [24, 64].enumerated() {
            let options = length == 64 ? "nodad" : ""
            try host.namespace.shell("ip address add \(addresses[index])/\(length) dev \(name) \(options)")
            try other.namespace.shell("ip address add \(otherAddresses[index])/\(length) dev eth0 \(options)")
        }
        try host.run("ip", "link", "set", name, "up")
        try other.namespace.shell("ip link set lo up; ip link set eth0 up")
        // Both ends know each other from here on.
        for address in addresses { #expect(other.reaches(address)) }
    }

    // MARK: The ruleset

    private struct Ruleset {
        let table = Table(.inet, "cni_portmap", comment: "ports of containers")
        var base: [Chain] {
            [
                Chain(in: table, "prerouting", hook: .destinationNAT),
                Chain(in: table, "output", hook: .outputDestinationNAT),
            ]
        }
        var mappings: Chain { Chain(in: table, "mappings", comment: "what comes to this host") }
        var postrouting: Chain { Chain(in: table, "postrouting", hook: .sourceNAT) }
        var pairs: NftablesSet {
            NftablesSet(in: table, "hairpin4", [.address(.v4), .address(.v4)], comment: "source and destination")
        }

        func ports(_ family: AddressFamily) -> NftablesSet {
            NftablesSet(
                in: table, family == .v4 ? "ports4" : "ports6", [.inetProtocol, .inetService],
                to: .values([.address(family), .inetService]))
        }

        func addresses(_ family: AddressFamily) -> NftablesSet {
            NftablesSet(
                in: table, family == .v4 ? "addresses4" : "addresses6",
                [.inetProtocol, .address(family), .inetService], to: .values([.address(family), .inetService]))
        }

        static let mark: UInt32 = 0x2000

        var rules: [(Chain, [Rule])] {
            let mappingRules = AddressFamily.allCases.flatMap { family in
                [
                    Rule(
                        in: mappings,
                        .destinationNAT(
                            family, to: [.transportProtocol, .destinationAddress(family), .destinationPort],
                            from: addresses(family))),
                    Rule(
                        in: mappings,
                        .destinationNAT(family, to: [.transportProtocol, .destinationPort], from: ports(family))),
                ]
            }
            return [
                (
                    mappings,
                    [
                        Rule(
                            in: mappings, .match(.inputInterface, .interfaceName("c0")),
                            .set(.connection, to: Self.mark, mask: Self.mark))
                    ] + mappingRules
                ),
                (
                    postrouting,
                    [
                        Rule(
                            in: postrouting, .match([.sourceAddress(.v4), .destinationAddress(.v4)], in: pairs),
                            .masquerade()),
                        Rule(
                            in: postrouting, .match(.outputInterface, .interfaceName("c0")),
                            .connection(has: .destinationNAT), .match(.connection, bits: Self.mark), .masquerade(),
                            comment: "from the container to itself"),
                    ]
                ),
            ] + base.map { ($0, [Rule(in: $0, .destinationIsLocal, .verdict(.jump(to: mappings.name)))]) }
        }

        var creation: NftablesTransaction {
            var transaction = NftablesTransaction()
            transaction.ensure(table)
            for set in AddressFamily.allCases.flatMap({ [addresses($0), ports($0)] }) + [pairs] {
                transaction.ensure(set)
            }
            for (chain, rules) in rules { transaction.fill(chain, with: rules) }
            return transaction
        }

        func elements() throws -> [NftablesSet.Element] {
            let owner = "net1 cid1 eth0"
            var elements: [NftablesSet.Element] = []
            for index in 0...1 {
                let target = try #require(IPAddress(containerAddresses[index]))
                let own = try #require(IPAddress(hostAddresses[index]))
                for number in [InetProtocol.tcp, .udp] {
                    elements += [
                        NftablesSet.Element(
                            in: ports(target.family), [.inetProtocol(number), .inetService(8080)],
                            .values([.address(target), .inetService(80)]), comment: owner),
                        NftablesSet.Element(
                            in: addresses(target.family),
                            [.inetProtocol(number), .address(own), .inetService(8081)],
                            .values([.address(target), .inetService(81)]), comment: owner),
                    ]
                }
            }
            let target = try #require(IPAddress(containerAddresses[0]))
            let loopback = try #require(IPAddress("127.0.0.1"))
            for source in [target, loopback] {
                elements.append(
                    NftablesSet.Element(in: pairs, [.address(source), .address(target)], comment: owner))
            }
            return elements
        }

        var text: String {
            """
            table inet cni_portmap {
            \tcomment "ports of containers"
            \tmap addresses4 {
            \t\ttype inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
            \t\telements = { tcp . 192.0.2.1 . 8081 comment "net1 cid1 eth0" : 10.1.2.2 . 81,
            \t\t\t     udp . 192.0.2.1 . 8081 comment "net1 cid1 eth0" : 10.1.2.2 . 81 }
            \t}

            \tmap ports4 {
            \t\ttype inet_proto . inet_service : ipv4_addr . inet_service
            \t\telements = { tcp . 8080 comment "net1 cid1 eth0" : 10.1.2.2 . 80,
            \t\t\t     udp . 8080 comment "net1 cid1 eth0" : 10.1.2.2 . 80 }
            \t}

            \tmap addresses6 {
            \t\ttype inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service
            \t\telements = { tcp . 2001:db8::1 . 8081 comment "net1 cid1 eth0" : fd00:1::2 . 81,
            \t\t\t     udp . 2001:db8::1 . 8081 comment "net1 cid1 eth0" : fd00:1::2 . 81 }
            \t}

            \tmap ports6 {
            \t\ttype inet_proto . inet_service : ipv6_addr . inet_service
            \t\telements = { tcp . 8080 comment "net1 cid1 eth0" : fd00:1::2 . 80,
            \t\t\t     udp . 8080 comment "net1 cid1 eth0" : fd00:1::2 . 80 }
            \t}

            \tset hairpin4 {
            \t\ttype ipv4_addr . ipv4_addr
            \t\tcomment "source and destination"
            \t\telements = { 10.1.2.2 . 10.1.2.2 comment "net1 cid1 eth0",
            \t\t\t     127.0.0.1 . 10.1.2.2 comment "net1 cid1 eth0" }
            \t}

            \tchain mappings {
            \t\tcomment "what comes to this host"
            \t\tiifname "c0" ct mark set ct mark | 0x00002000
            \t\tdnat ip to meta l4proto . ip daddr . th dport map @addresses4
            \t\tdnat ip to meta l4proto . th dport map @ports4
            \t\tdnat ip6 to meta l4proto . ip6 daddr . th dport map @addresses6
            \t\tdnat ip6 to meta l4proto . th dport map @ports6
            \t}

            \tchain postrouting {
            \t\ttype nat hook postrouting priority srcnat; policy accept;
            \t\tip saddr . ip daddr @hairpin4 masquerade
            \t\toifname "c0" ct status dnat ct mark & 0x00002000 == 0x00002000 masquerade comment "from the container to itself"
            \t}

            \tchain prerouting {
            \t\ttype nat hook prerouting priority dstnat; policy accept;
            \t\tfib daddr type local jump mappings
            \t}

            \tchain output {
            \t\ttype nat hook output priority -100; policy accept;
            \t\tfib daddr type local jump mappings
            \t}
            }

            """
        }
    }

    @Test func readsWellAndIsReadBack() throws {
        let ruleset = Ruleset()
        var socket = try NftablesSocket(in: host.namespace)
        try socket.commit(ruleset.creation)
        let elements = try ruleset.elements()
        var transaction = NftablesTransaction()
        for element in elements { transaction.add(element) }
        try socket.commit(transaction)

        let listed = try host.ruleset()
        #expect(listed.rulesetParts == ruleset.text.rulesetParts, "\(listed)")
        let nfts = try NetworkNamespace.make()
        try nfts.shell("nft -f -", input: ruleset.text)
        #expect(try host.namespace.rulesetJSON() == nfts.rulesetJSON())
        var their = try NftablesSocket(in: nfts)
        for (chain, rules) in ruleset.rules {
            #expect(try socket.holds(rules, in: chain))
            #expect(try their.holds(rules, in: chain))
        }
        for set in Set(elements.map(\.set)) {
            #expect(try Set(their.elements(of: set)) == Set(elements.filter { $0.set == set }))
        }
        for element in elements { #expect(try their.element(for: element.key, in: element.set) == element) }

        transaction = NftablesTransaction()
        for element in elements { transaction.delete(element) }
        try their.commit(transaction)
        #expect(try !nfts.ruleset().contains("elements"))
    }

    // MARK: Packets

    @Test(arguments: [0, 1], [TestSocket.Kind.tcp, .udp])
    func portsOfTheHostLeadToTheContainer(family: Int, kind: TestSocket.Kind) throws {
        let (own, target) = (Self.hostAddresses[family], Self.containerAddresses[family])
        var socket = try NftablesSocket(in: host.namespace)
        try socket.commit(Ruleset().creation)
        let servers = try [UInt16(80), 81].map { port in
            let server = try TestSocket(kind, for: target, in: container.namespace)
            try server.bind(target, port)
            if kind == .tcp { try server.listen() }
            return server
        }
        // Nothing is there to answer yet.
        #expect(try isRefused(kind, from: client.namespace, to: own, 8080))

        var transaction = NftablesTransaction()
        for element in try Ruleset().elements() { transaction.add(element) }
        try socket.commit(transaction)
        #expect(try talk(kind, from: client.namespace, to: own, 8080, with: servers[0]) == Self.clientAddresses[family])
        #expect(try talk(kind, from: client.namespace, to: own, 8081, with: servers[1]) == Self.clientAddresses[family])
        #expect(try talk(kind, from: host.namespace, to: own, 8080, with: servers[0]) == own)

        // From the container to itself: an answer has to come by way of the host.
        let gateway = Self.gateways[family]
        #expect(try talk(kind, from: container.namespace, to: own, 8080, with: servers[0]) == gateway)
        #expect(try talk(kind, from: container.namespace, to: gateway, 8080, with: servers[0]) == gateway)
        #expect(try isRefused(kind, from: container.namespace, to: gateway, 8081))
        if family == 0 {
            #expect(try talk(kind, from: host.namespace, to: "127.0.0.1", 8080, with: servers[0]) == gateway)
        }
    }

    /// Says something to a server and hears its answer.
    ///
    /// - Returns: whom the server takes it from.
    private func talk(
        _ kind: TestSocket.Kind, from namespace: borrowing NetworkNamespace, to address: String, _ port: UInt16,
        with server: TestSocket
    ) throws -> String {
        let socket = try TestSocket(kind, for: address, in: namespace)
        try socket.connect(to: address, port)
        try socket.send("question")
        let (question, source) = try (kind == .tcp ? server.accept() : server).answer("answer")
        #expect(question == "question")
        #expect(try socket.receive() == "answer")
        return source
    }

    private func isRefused(
        _ kind: TestSocket.Kind, from namespace: borrowing NetworkNamespace, to address: String, _ port: UInt16
    ) throws -> Bool {
        let socket = try TestSocket(kind, for: address, in: namespace)
        do {
            try socket.connect(to: address, port)
            try socket.send("question")
            _ = try socket.receive()
            return false
        } catch let error as CommandFailure {
            return error.description.hasSuffix(": Connection refused")
        }
    }
}
