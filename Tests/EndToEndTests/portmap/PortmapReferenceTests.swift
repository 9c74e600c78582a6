import JSON
import LinuxSystem
import TestSupport
import Testing

/// The reference's `portmap` beside this one, where both run iptables.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.hasReference))
struct PortmapReferenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var ports: [JSONValue]
        var more: JSONObject = [:]
    }

    private static let ports: [JSONValue] = [
        .port(8080, to: 80), .port(8081, to: 80), .port(8080, to: 81, "udp"), .port(9, to: 9, "sctp"),
        .port(8083, to: 83, on: "192.168.0.2"), .port(8084, to: 84, on: "0.0.0.0"),
        .port(8085, to: 85, on: "2001:db8:a::1"), .port(8086, to: 86, on: "::"),
    ]

    static let cases = [
        Case(testDescription: "every kind of port", ports: ports),
        Case(testDescription: "without masquerade", ports: ports, more: ["snat": false]),
        Case(testDescription: "another bit", ports: ports, more: ["markMasqBit": 5]),
        Case(
            testDescription: "conditions", ports: ports,
            more: ["conditionsV4": ["-s", "10.0.0.0/8"], "conditionsV6": ["!", "-s", "fd00::/8"]]),
        Case(testDescription: "somebody else's chain", ports: ports, more: ["externalSetMarkChain": "OTHERS"]),
        Case(testDescription: "more than a rule takes", ports: (1...40).map { .port(7000 + $0, to: $0) }),
    ]

    let network: PortmapNetwork

    init() throws {
        network = try PortmapNetwork()
    }

    private func call(_ test: Case, id: String = "cid1", by directory: String) -> PluginCall {
        var network = network
        // What Debian's reference, 1.1, knows; of the options it lacks masqAll.
        network.bridge.version = "1.0.0"
        network.more = test.more
        network.more["backend"] = "iptables"
        var call = network.call(nil, id: id, ports: test.ports, after: nil)
        guard case .object(var object) = call.configuration, var result = PortmapNetwork.result.object else {
            return call
        }
        result["cniVersion"] = "1.0.0"
        object["prevResult"] = .object(result)
        call.configuration = .object(object)
        call.namespacePath = "/run/netns/blue"
        call.directory = directory
        return call
    }

    /// The rules of NAT in both families.
    private func rules(on host: TestHost) throws -> [String] {
        try ["iptables", "ip6tables"].flatMap { program in
            try host.run(program, "-t", "nat", "-S").split(separator: "\n").map { "\(program) \($0)" }
                .filter { !$0.contains(" -P ") }
        }
    }

    private func prepare(_ host: TestHost) throws {
        for program in ["iptables", "ip6tables"] { try host.run(program, "-t", "nat", "-N", "OTHERS") }
    }

    @Test(arguments: cases)
    func makesTheReferencesRules(test: Case) throws {
        let other = try PortmapNetwork()
        for host in [network.host, other.host] { try prepare(host) }
        let ours = try call(test, by: Executables.own).run("ADD", on: network.host)
        try #require(ours.succeeded, "\(ours.output)")
        let theirs = try call(test, by: Executables.reference).run("ADD", on: other.host)
        try #require(theirs.succeeded, "\(theirs.output)")
        #expect(try rules(on: network.host) == rules(on: other.host))
        #expect(ours.addresses == theirs.addresses)

        for (host, directory) in [(network.host, Executables.own), (other.host, Executables.reference)] {
            #expect(try call(test, by: directory).run("DEL", on: host).succeeded)
        }
        #expect(try rules(on: network.host) == rules(on: other.host))
        #expect(try !rules(on: network.host).contains { $0.contains("cid1") || $0.contains("CNI-DN-") })
    }

    @Test(arguments: cases, [true, false])
    func eachChecksAndDeletesWhatTheOtherAdded(test: Case, isOursFirst: Bool) throws {
        try prepare(network.host)
        let sides = [Executables.own, Executables.reference]
        let (first, second) = isOursFirst ? (sides[0], sides[1]) : (sides[1], sides[0])
        #expect(try call(test, id: "cid0", by: first).run("ADD", on: network.host).succeeded == true)
        #expect(try call(test, id: "cid0", by: first).run("DEL", on: network.host).succeeded)
        let before = try rules(on: network.host)
        #expect(try call(test, by: first).run("ADD", on: network.host).succeeded)
        // Debian's reference, 1.1, compares the rules of one family with the addresses of the other.
        if !isOursFirst {
            let checked = try call(test, by: second).run("CHECK", on: network.host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        #expect(try call(test, by: second).run("DEL", on: network.host).succeeded)
        #expect(try rules(on: network.host) == before)
    }

    /// A node that is moved to this suite, whose default is nf_tables, with its containers running.
    @Test func nftablesChecksAndDeletesWhatTheReferenceAdded() throws {
        let test = Self.cases[0]
        #expect(try call(test, id: "cid2", by: Executables.reference).run("ADD", on: network.host).succeeded)
        let before = try rules(on: network.host)
        var others = test
        others.ports = [.port(9090, to: 90)]
        #expect(try call(others, by: Executables.reference).run("ADD", on: network.host).succeeded)
        var ours = call(others, by: Executables.own)
        ours.configuration = try #require(ours.configuration.without("backend"))
        let checked = try ours.run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
        ours.configuration = try #require(ours.configuration.without("runtimeConfig"))
        for _ in 1...2 {
            let deleted = try ours.run("DEL", on: network.host)
            #expect(deleted.succeeded, "\(deleted.output)")
            #expect(try rules(on: network.host) == before)
        }
    }

    /// What releases of the reference since 1.6 make by nft; Debian's is older.
    @Test func deletesWhatTheReferenceLeavesInItsOwnTables() throws {
        func table(_ family: String, _ rules: String) -> String {
            """
            table \(family) cni_hostport {
                comment "CNI portmap plugin"
                chain hostports {
                    tcp dport 9000 dnat to \(family == "ip" ? "10.1.2.9:90" : "[fd00:1::9]:90") comment "cid2"
                    \(rules)
                }
                chain hostip_hostports { }
                chain hostports_all { jump hostip_hostports; jump hostports; }
                chain masquerading { type nat hook postrouting priority 100; \(family == "ip" ? "ip saddr 10.1.2.2 ip daddr 10.1.2.2 masquerade comment \"cid1\"" : ""); }
            }

            """
        }
        let mine = [
            "tcp dport 8080 dnat to 10.1.2.2:80 comment \"cid1\"",
            "tcp dport 8080 dnat to [fd00:1::2]:80 comment \"cid1\"",
        ]
        try network.host.namespace.output(of: "nft", ["-f", "-"], input: table("ip", mine[0]) + table("ip6", mine[1]))
        var ours = call(Case(testDescription: "", ports: [.port(8080, to: 80)]), by: Executables.own)
        ours.configuration = try #require(ours.configuration.without("backend"))
        let checked = try ours.run("CHECK", on: network.host)
        #expect(checked.succeeded, "\(checked.output)")
        #expect(try ours.run("DEL", on: network.host).succeeded)
        let left = try network.host.ruleset()
        #expect(!left.contains("cid1"), "\(left)")
        #expect(left.matches(of: /"cid2"/).count == 2, "\(left)")
    }
}

extension JSONValue {
    /// An object without a member.
    fileprivate func without(_ name: String) -> JSONValue? {
        guard case .object(var object) = self else { return nil }
        object[name] = nil
        return .object(object)
    }
}
