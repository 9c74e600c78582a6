import Addressing
import Attachments
import LinuxSystem
import Nftables
import PacketRules
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct PortForwardingTests {
    private let host: TestHost
    private let forwarding = PortForwarding(table: "cni_portmap")
    private let owner = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")
    private let other = Attachment(network: "net1", containerID: "cid2", interfaceName: "eth0")

    init() throws {
        host = try TestHost()
    }

    private func port(
        _ transport: TransportProtocol, _ address: String, _ number: UInt16, to target: String, _ targetPort: UInt16,
        _ masquerade: PortForward.Masquerading = .needed
    ) throws -> PortForward {
        try PortForward(
            transport, #require(IPAddress(address)), number, to: #require(InterfaceAddress(target)), targetPort,
            masquerade: masquerade)
    }

    private func socket() throws -> NftablesSocket { try NftablesSocket(in: host.namespace) }

    /// One of each kind.
    private func ports() throws -> [PortForward] {
        try [
            port(.tcp, "0.0.0.0", 8080, to: "10.1.2.2/24", 80),
            port(.udp, "192.0.2.1", 53, to: "10.1.2.2/24", 53),
            port(.sctp, "0.0.0.0", 9, to: "10.1.2.2/24", 9, .everybody),
            port(.tcp, "::", 8080, to: "fd00:1::2/64", 80),
            port(.tcp, "2001:db8::1", 8081, to: "fd00:1::2/64", 81, .nobody),
        ]
    }

    private static let text = """
        table inet cni_portmap {
        \tcomment "ports of this host that lead to containers, by CNI plugins"
        \tmap addresses4 {
        \t\ttype inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
        \t\telements = { udp . 192.0.2.1 . 53 comment "net1 cid1 eth0" : 10.1.2.2 . 53 }
        \t}

        \tmap ports4 {
        \t\ttype inet_proto . inet_service : ipv4_addr . inet_service
        \t\telements = { sctp . 9 comment "net1 cid1 eth0" : 10.1.2.2 . 9,
        \t\t\t     tcp . 8080 comment "net1 cid1 eth0" : 10.1.2.2 . 80 }
        \t}

        \tmap owners4 {
        \t\ttype ifname . inet_service : inet_proto . ipv4_addr . inet_service
        \t\tcomment "the ports that each attachment has"
        \t\telements = { "623e14c73ef15dc" . 0 comment "net1 cid1 eth0" : tcp . 0.0.0.0 . 8080,
        \t\t\t     "623e14c73ef15dc" . 1 comment "net1 cid1 eth0" : udp . 192.0.2.1 . 53,
        \t\t\t     "623e14c73ef15dc" . 2 comment "net1 cid1 eth0" : sctp . 0.0.0.0 . 9 }
        \t}

        \tmap addresses6 {
        \t\ttype inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service
        \t\telements = { tcp . 2001:db8::1 . 8081 comment "net1 cid1 eth0" : fd00:1::2 . 81 }
        \t}

        \tmap ports6 {
        \t\ttype inet_proto . inet_service : ipv6_addr . inet_service
        \t\telements = { tcp . 8080 comment "net1 cid1 eth0" : fd00:1::2 . 80 }
        \t}

        \tmap owners6 {
        \t\ttype ifname . inet_service : inet_proto . ipv6_addr . inet_service
        \t\tcomment "the ports that each attachment has"
        \t\telements = { "623e14c73ef15dc" . 0 comment "net1 cid1 eth0" : tcp . :: . 8080,
        \t\t\t     "623e14c73ef15dc" . 1 comment "net1 cid1 eth0" : tcp . 2001:db8::1 . 8081 }
        \t}

        \tset sources4-24 {
        \t\ttype ipv4_addr . inet_proto . ipv4_addr . inet_service
        \t\telements = { 10.1.2.0 . tcp . 10.1.2.2 . 80 comment "net1 cid1 eth0",
        \t\t\t     10.1.2.0 . udp . 10.1.2.2 . 53 comment "net1 cid1 eth0" }
        \t}

        \tset sources4-8 {
        \t\ttype ipv4_addr . inet_proto . ipv4_addr . inet_service
        \t\telements = { 127.0.0.0 . tcp . 10.1.2.2 . 80 comment "net1 cid1 eth0" }
        \t}

        \tset sources4-0 {
        \t\ttype ipv4_addr . inet_proto . ipv4_addr . inet_service
        \t\telements = { 0.0.0.0 . sctp . 10.1.2.2 . 9 comment "net1 cid1 eth0" }
        \t}

        \tset sources6-128 {
        \t\ttype ipv6_addr . inet_proto . ipv6_addr . inet_service
        \t\telements = { ::1 . tcp . fd00:1::2 . 80 comment "net1 cid1 eth0" }
        \t}

        \tset sources6-64 {
        \t\ttype ipv6_addr . inet_proto . ipv6_addr . inet_service
        \t\telements = { fd00:1:: . tcp . fd00:1::2 . 80 comment "net1 cid1 eth0" }
        \t}

        \tchain mappings {
        \t\tcomment "what comes to this host"
        \t\tdnat ip to meta l4proto . ip daddr . th dport map @addresses4
        \t\tdnat ip to meta l4proto . th dport map @ports4
        \t\tdnat ip6 to meta l4proto . ip6 daddr . th dport map @addresses6
        \t\tdnat ip6 to meta l4proto . th dport map @ports6
        \t}

        \tchain sources {
        \t\tcomment "whom a container could not answer otherwise"
        \t\tip saddr & 255.255.255.0 . meta l4proto . ip daddr . th dport @sources4-24 masquerade
        \t\tip saddr & 255.0.0.0 . meta l4proto . ip daddr . th dport @sources4-8 masquerade
        \t\tip saddr & 0.0.0.0 . meta l4proto . ip daddr . th dport @sources4-0 masquerade
        \t\tip6 saddr . meta l4proto . ip6 daddr . th dport @sources6-128 masquerade
        \t\tip6 saddr & ffff:ffff:ffff:ffff:: . meta l4proto . ip6 daddr . th dport @sources6-64 masquerade
        \t}

        \tchain unasked {
        \t\ttype filter hook prerouting priority raw; policy accept;
        \t\tiifname != "lo" ip daddr 127.0.0.0/8 drop
        \t}

        \tchain postrouting {
        \t\ttype nat hook postrouting priority srcnat; policy accept;
        \t\tct status dnat jump sources
        \t}

        \tchain output {
        \t\ttype nat hook output priority -100; policy accept;
        \t\tfib daddr type local jump mappings
        \t}

        \tchain prerouting {
        \t\ttype nat hook prerouting priority dstnat; policy accept;
        \t\tfib daddr type local jump mappings
        \t}
        }

        """

    /// nft reads our table as it was meant, and we read what nft makes of its own words.
    @Test func readsWellAndIsReadBack() throws {
        var socket = try socket()
        let ports = try ports()
        try forwarding.add(ports, for: owner, on: &socket)
        let listed = try host.ruleset()
        #expect(listed.parts == Self.text.parts, "\(listed)")

        let nfts = try TestHost()
        try nfts.namespace.output(of: "nft", ["-f", "-"], input: listed)
        var their = try NftablesSocket(in: nfts.namespace)
        #expect(try forwarding.isWhole(on: &their))
        #expect(try forwarding.missing(of: ports, for: owner, on: &their) == [])
        // The network and who was masqueraded are not what it tells.
        let removed = try forwarding.remove(of: owner, on: &their)
        #expect(Set(removed.map(\.description)) == Set(ports.map(\.description)))
        #expect(try nfts.ruleset() == "")
    }

    @Test func addingTwiceChangesNothing() throws {
        var socket = try socket()
        try forwarding.add(ports(), for: owner, on: &socket)
        let before = try host.run("nft", "-a", "list", "ruleset")
        try forwarding.add(ports(), for: owner, on: &socket)
        #expect(try host.run("nft", "-a", "list", "ruleset") == before)
    }

    @Test func addingOtherPortsTakesTheFormerAway() throws {
        var socket = try socket()
        try forwarding.add([port(.tcp, "::", 7000, to: "fd00:1::2/64", 80)], for: owner, on: &socket)
        let expected = try host.ruleset()
        _ = try forwarding.remove(of: owner, on: &socket)
        try forwarding.add(
            ports() + [port(.tcp, "::", 7000, to: "fd00:1::2/64", 90)], for: owner, on: &socket)
        try forwarding.add([port(.tcp, "::", 7000, to: "fd00:1::2/64", 80)], for: owner, on: &socket)
        #expect(try host.elements() == expected.elements)
    }

    @Test func twoPortsMayLeadToOneOfTheContainers() throws {
        var socket = try socket()
        let ports = try [7000, 7001].map { try port(.tcp, "0.0.0.0", $0, to: "10.1.2.2/24", 80) }
        try forwarding.add(ports, for: owner, on: &socket)
        #expect(try forwarding.missing(of: ports, for: owner, on: &socket) == [])
        #expect(try Set(forwarding.remove(of: owner, on: &socket).map(\.hostPort)) == [7000, 7001])
        #expect(try host.ruleset() == "")
    }

    @Test(arguments: [("0.0.0.0", "10.1.2.2/24"), ("192.0.2.1", "10.1.2.2/24"), ("::", "fd00:1::2/64")])
    func aPortOfAnotherIsRefusedWithItsHolder(address: String, target: String) throws {
        var socket = try socket()
        try forwarding.add([port(.tcp, address, 8080, to: target, 80)], for: other, on: &socket)
        let before = try host.ruleset()
        let wanted = try [
            port(.tcp, address, 8081, to: target, 80), port(.tcp, address, 8080, to: target, 80),
        ]
        let error = #expect(throws: SystemError.self) { try forwarding.add(wanted, for: owner, on: &socket) }
        let place = address == "192.0.2.1" ? " of 192.0.2.1" : ""
        #expect(
            error?.description
                == "map tcp port 8080\(place): Address already in use: container cid2 (eth0) of network \"net1\" has it"
        )
        #expect(try host.ruleset() == before)
        // What differs in anything is another port.
        try forwarding.add(
            [port(.udp, address, 8080, to: target, 80), port(.tcp, address, 8082, to: target, 80)], for: owner,
            on: &socket)
    }

    /// The container that had the address is gone, and nobody has removed what it had.
    @Test func anAddressBecomesTheNextContainers() throws {
        var socket = try socket()
        try forwarding.add([port(.tcp, "0.0.0.0", 8080, to: "10.1.2.2/24", 80)], for: other, on: &socket)
        let ports = try [port(.tcp, "0.0.0.0", 8081, to: "10.1.2.2/24", 80)]
        try forwarding.add(ports, for: owner, on: &socket)
        #expect(try forwarding.missing(of: ports, for: owner, on: &socket) == [])
        _ = try forwarding.remove(of: other, on: &socket)
        #expect(try forwarding.missing(of: ports, for: owner, on: &socket) == [])
        _ = try forwarding.remove(of: owner, on: &socket)
        #expect(try host.ruleset() == "")
    }

    @Test func removingKeepsOthersAndTheLastTakesTheTableAlong() throws {
        var socket = try socket()
        try forwarding.add([port(.tcp, "0.0.0.0", 7000, to: "10.1.2.3/24", 80)], for: other, on: &socket)
        let before = try host.elements()
        try forwarding.add(ports(), for: owner, on: &socket)
        for _ in 1...2 {
            let removed = try forwarding.remove(of: owner, on: &socket)
            #expect(try removed.isEmpty || removed.count == ports().count)
            #expect(try host.elements() == before)
        }
        for _ in 1...2 {
            _ = try forwarding.remove(of: other, on: &socket)
            #expect(try host.ruleset() == "")
        }
    }

    @Test func aThousandPortsComeAndGoTogether() throws {
        var socket = try socket()
        let ports = try (10_000..<11_000).map { try port(.udp, "0.0.0.0", $0, to: "10.1.2.2/24", $0) }
        try forwarding.add(ports, for: owner, on: &socket)
        #expect(try forwarding.missing(of: ports, for: owner, on: &socket) == [])
        #expect(try forwarding.remove(of: owner, on: &socket).count == 1000)
        #expect(try host.ruleset() == "")
    }

    @Test func garbageIsOfItsNetworkAlone() throws {
        var socket = try socket()
        let valid = Attachment(network: "net1", containerID: "cid3", interfaceName: "eth0")
        let foreign = Attachment(network: "net10", containerID: "cid1", interfaceName: "eth0")
        try forwarding.add([port(.tcp, "0.0.0.0", 7000, to: "10.1.2.3/24", 80)], for: valid, on: &socket)
        try forwarding.add([port(.tcp, "0.0.0.0", 7001, to: "10.1.9.3/24", 80)], for: foreign, on: &socket)
        let before = try host.elements()
        try forwarding.add(ports(), for: owner, on: &socket)
        let removed = try forwarding.removeAll(ofNetwork: "net1", except: [valid], on: &socket)
        #expect(try Set(removed.map(\.description)) == Set(ports().map(\.description)))
        #expect(try host.elements() == before)
        #expect(try forwarding.removeAll(ofNetwork: "net1", except: [], on: &socket).map(\.hostPort) == [7000])
        #expect(try forwarding.removeAll(ofNetwork: "net10", except: [], on: &socket).map(\.hostPort) == [7001])
        #expect(try host.ruleset() == "")
    }

    @Test func whatSomebodyChangedIsMissingAndMended() throws {
        var socket = try socket()
        let ports = try ports()
        #expect(try forwarding.missing(of: ports, for: owner, on: &socket) == ports)
        #expect(try forwarding.isWhole(on: &socket))
        try forwarding.add(ports, for: owner, on: &socket)
        #expect(try forwarding.isWhole(on: &socket))
        for change in [
            "flush chain inet cni_portmap mappings", "flush chain inet cni_portmap postrouting",
            "add rule inet cni_portmap sources masquerade",
        ] {
            try host.namespace.shell("nft \(change)")
            #expect(try !forwarding.isWhole(on: &socket), "\(change)")
            try forwarding.add(ports, for: owner, on: &socket)
            #expect(try forwarding.isWhole(on: &socket), "\(change)")
        }
        for (change, port) in [
            ("ports4 { tcp . 8080 }", ports[0]), ("sources4-24 { 10.1.2.0 . udp . 10.1.2.2 . 53 }", ports[1]),
            ("owners6 { \"623e14c73ef15dc\" . 1 }", ports[4]),
        ] {
            try host.namespace.shell("nft delete element inet cni_portmap '\(change)'")
            #expect(try forwarding.missing(of: ports, for: owner, on: &socket) == [port], "\(change)")
            try forwarding.add(ports, for: owner, on: &socket)
            #expect(try forwarding.missing(of: ports, for: owner, on: &socket) == [], "\(change)")
        }
        #expect(try host.ruleset().parts == Self.text.parts)
    }

    /// All of one network at once, as after a restart of the runtime.
    @Test func manyAtOnceLeaveNothing() throws {
        let forwarding = forwarding
        let errors = try host.namespace.concurrently(8) { (thread) throws(SystemError) in
            var socket = try NftablesSocket()
            for number in 0..<10 {
                let number = thread * 10 + number
                let owner = Attachment(network: "net1", containerID: "cid\(number)", interfaceName: "eth0")
                guard let target = InterfaceAddress("10.1.2.\(number + 2)/24") else { return }
                let ports = (0..<4).map { offset in
                    PortForward(
                        .tcp, .any(.v4), UInt16(7000 + number * 4 + offset), to: target, 80, masquerade: .needed)
                }
                try forwarding.add(ports, for: owner, on: &socket)
                guard try forwarding.remove(of: owner, on: &socket).count == 4 else {
                    throw SystemError("remove", nil, .badMessage)
                }
            }
        }
        #expect(errors == [])
        #expect(try host.ruleset() == "")
    }
}

extension String {
    /// The lines of a ruleset, sorted: sets and their elements are listed in no order.
    fileprivate var parts: [String] {
        split(whereSeparator: { "\n,{}".contains($0) }).map { line in
            line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }.sorted()
    }

    /// The elements of all sets and maps, sorted.
    fileprivate var elements: [String] {
        matches(of: /elements = \{([^}]*)\}/).flatMap { match in
            match.1.split(separator: ",").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        }.sorted()
    }
}
