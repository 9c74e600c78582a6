import JSON
import LinuxSystem
import TestSupport
import Testing

/// `cnitool overlay` on hosts that `vxlan` has joined.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct CNIToolOverlayTests {
    /// Runs the tool on a host, with the cluster's network in its folder.
    private func overlay(
        _ cluster: VXLANCluster, _ arguments: String..., on number: Int = 1
    ) throws -> PluginOutcome {
        let member = cluster.members[number - 1]
        let list: JSONValue = ["cniVersion": "1.1.0", "name": "overlay", "plugins": [cluster.configuration]]
        try member.host.directory.write("net.d/overlay.conflist", "\(list)")
        let words = cluster.call(member).launcher + ["\(Executables.own)/cnitool", "overlay"] + arguments
        return try member.host.outcome(of: words, ["NETCONFPATH": "/run/net.d"])
    }

    /// The cells of a table that has no blanks in them.
    private func cells(_ outcome: PluginOutcome) -> [[String]] {
        outcome.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    /// What is said of one node of a table.
    private func states(_ outcome: PluginOutcome, of name: String) -> [String]? {
        cells(outcome).first { $0.first == name }.map { Array($0.dropFirst(4)) }
    }

    @Test func showsEveryNode() throws {
        let cluster = try VXLANCluster()
        _ = try cluster.attachAll()
        let outcome = try overlay(cluster, "overlay")
        #expect(outcome.succeeded && outcome.errorOutput.isEmpty, "\(outcome.errorOutput)")
        #expect(
            outcome.output == """
                NAME   PUBLIC IP     SUBNET         VTEP MAC           ROUTE  NEIGHBOR  FDB
                node1  192.168.1.11  10.244.1.0/24  0a:13:88:02:3f:52  own    own       own
                node2  192.168.1.12  10.244.2.0/24  9a:3a:f5:7c:22:04  ok     ok        ok
                node3  192.168.1.13  10.244.3.0/24  \(try mac(of: cluster.members[2]))  ok     ok        ok

                """)
        // The only network with vxlan need not be named.
        #expect(try overlay(cluster).output == outcome.output)
    }

    private func mac(of member: VXLANCluster.Member) throws -> String {
        try member.host.mac(of: "vxlan.1")
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let command: String
        var options = VXLANCluster.Options()
        let states: [String]
        let said: String
        var testDescription: String { command }
    }

    static let peerMAC = "9a:3a:f5:7c:22:04"
    static let segment = VXLANCluster.Options(isSegment: true)

    static let faults = [
        Fault(
            command: "ip route del 10.244.2.0/24", states: ["missing", "ok", "ok"],
            said: "peer 192.168.1.12: route 10.244.2.0/24 missing"),
        Fault(
            command: "ip route replace 10.244.2.0/24 dev vxlan.1 proto 193", states: ["wrong", "ok", "ok"],
            said: "peer 192.168.1.12: route 10.244.2.0/24 wrong (10.244.2.0/24)"),
        Fault(
            command: "ip neigh del 10.244.2.0 dev vxlan.1", states: ["ok", "missing", "ok"],
            said: "peer 192.168.1.12: neighbor 10.244.2.0 missing"),
        Fault(
            command: "ip neigh replace 10.244.2.0 lladdr 02:00:00:00:00:99 nud permanent dev vxlan.1",
            states: ["ok", "wrong", "ok"],
            said: "peer 192.168.1.12: neighbor 10.244.2.0 wrong (10.244.2.0 lladdr 02:00:00:00:00:99)"),
        Fault(
            command: "bridge fdb del \(peerMAC) dev vxlan.1", states: ["ok", "ok", "missing"],
            said: "peer 192.168.1.12: forwarding entry \(peerMAC) missing"),
        Fault(
            command: "bridge fdb replace \(peerMAC) dev vxlan.1 dst 192.168.1.99 self permanent",
            states: ["ok", "ok", "wrong"],
            said: "peer 192.168.1.12: forwarding entry \(peerMAC) wrong (\(peerMAC) dst 192.168.1.99)"),
        Fault(
            command: "ip link del vxlan.1", states: ["missing", "missing", "missing"], said: "device vxlan.1: missing"),
        Fault(
            command: "ip link set vxlan.1 mtu 1300", states: ["ok", "ok", "ok"],
            said: "device vxlan.1: MTU wrong (1300)"),
        Fault(
            command: "bridge fdb del 00:00:00:00:00:00 dev vxlan.1 dst 192.168.1.12", options: segment,
            states: ["-", "-", "missing"], said: "peer 192.168.1.12: forwarding entry for broadcast missing"),
        Fault(
            command: "ip link del cni0", options: segment, states: ["-", "-", "ok"],
            said: "device vxlan.1: bridge missing"),
        Fault(
            command: "ip route del 10.244.2.0/24", options: VXLANCluster.Options(more: ["directRouting": true]),
            states: ["missing", "-", "-"], said: "peer 192.168.1.12: route 10.244.2.0/24 missing"),
    ]

    @Test(arguments: faults)
    func namesWhatDiffersAndLeavesIt(fault: Fault) throws {
        let cluster = try VXLANCluster(fault.options, hosts: 2)
        _ = try cluster.attachAll()
        let host = cluster.members[0].host
        #expect(try overlay(cluster, "overlay").succeeded)
        try host.namespace.shell(fault.command)
        // The second time it is as it was.
        for _ in 0..<2 {
            let outcome = try overlay(cluster, "overlay")
            #expect(outcome.ending == .exited(1))
            #expect(states(outcome, of: "node2") == fault.states, "\(outcome.output)")
            #expect(outcome.errorOutput.contains("cnitool: \(fault.said)\n"), "\(outcome.errorOutput)")
        }
    }

    @Test func showsAnOverlayThatNobodyHasMadeYet() throws {
        let cluster = try VXLANCluster(hosts: 2)
        let outcome = try overlay(cluster, "overlay")
        #expect(outcome.ending == .exited(1))
        #expect(states(outcome, of: "node1") == ["own", "own", "own"])
        #expect(states(outcome, of: "node2") == ["missing", "missing", "missing"])
        #expect(try cluster.members[0].host.linkNames() == ["eth0", "lo"])
    }

    @Test func needsNoDelegate() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: ["delegate": ["name": "other"]]), hosts: 2)
        #expect(try !cluster.call(cluster.members[0]).run("STATUS", on: cluster.members[0].host).succeeded)
        let outcome = try overlay(cluster, "overlay")
        #expect(states(outcome, of: "node2") == ["missing", "missing", "missing"], "\(outcome.errorOutput)")
    }

    static let probed = [
        VXLANCluster.Options(), VXLANCluster.Options(underlay: .v6, overlay: [.v4, .v6]),
        VXLANCluster.Options(overlay: [.v4, .v6], more: ["directRouting": true]),
    ]

    @Test(arguments: probed)
    func probesEveryPeer(options: VXLANCluster.Options) throws {
        let cluster = try VXLANCluster(options)
        _ = try cluster.attachAll()
        let capture = try VXLANCapture(in: cluster.network)
        let outcome = try overlay(cluster, "--probe", "overlay")
        #expect(outcome.succeeded && outcome.errorOutput.isEmpty, "\(outcome.output)\(outcome.errorOutput)")
        let time = #"\d+\.\d{3} ms"#
        let times = try Regex(options.overlay.map { _ in time }.joined(separator: ", ") + "$").anchorsMatchLineEndings()
        #expect(outcome.output.matches(of: times).count == 2, "\(outcome.output)")
        #expect(try !capture.packets().isEmpty || options.more.contains("directRouting"))
    }

    @Test func namesThePeerThatDoesNotAnswer() throws {
        let cluster = try VXLANCluster()
        _ = try cluster.attachAll()
        try cluster.members[2].host.run("ip", "link", "set", "eth0", "down")
        let outcome = try overlay(cluster, "--probe", "--json")
        #expect(outcome.ending == .exited(1))
        #expect(outcome.errorOutput == "cnitool: peer 192.168.1.13: no answer from 10.244.3.0\n")
        let nodes = try #require(outcome.json.array).compactMap(\.object)
        let probes = nodes.map { $0["probes"]?.array?.compactMap(\.object) ?? [] }
        #expect(probes.map { $0.map { $0["address"] } } == [[], ["10.244.2.0"], ["10.244.3.0"]])
        #expect(try #require(probes[1].first?["roundTripMicroseconds"]?.number?.integer()) > 0)
        #expect(probes[2].first?["roundTripMicroseconds"] == .null)
    }

    @Test func probesWithFullPacketsThatMayNotBeFragmented() throws {
        let cluster = try VXLANCluster(hosts: 2)
        _ = try cluster.attachAll()
        try cluster.members[0].host.run("ip", "link", "set", "vxlan.1", "mtu", "1449")
        let small = try overlay(cluster, "--probe")
        #expect(
            small.errorOutput.contains("no answer from 10.244.2.0: send: Message too long\n"), "\(small.errorOutput)")
        try cluster.members[0].host.run("ip", "link", "set", "vxlan.1", "mtu", "1450")
        // The switch drops what is too long for a port; anything shorter arrives.
        try cluster.network.shell("ip link set port2 mtu 1400")
        try cluster.members[0].host.run("ping", "-c", "1", "-W", "10", "-I", "vxlan.1", "10.244.2.0")
        let dropped = try overlay(cluster, "--probe")
        #expect(dropped.errorOutput == "cnitool: peer 192.168.1.12: no answer from 10.244.2.0\n")
        #expect(dropped.output.contains("ok        ok   no answer\n"))
    }

    @Test func tellsTheSameInJSON() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(isSegment: true), hosts: 2)
        _ = try cluster.attachAll()
        let outcome = try overlay(cluster, "--json", "overlay")
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
        #expect(
            outcome.json == [
                [
                    "name": "node1", "publicIP": "192.168.1.11", "subnets": ["10.244.0.20-10.244.0.29"],
                    "vtepMAC": "0a:13:88:02:3f:52", "own": true, "route": .null, "neighbor": .null, "fdb": .null,
                ],
                [
                    "name": "node2", "publicIP": "192.168.1.12", "subnets": ["10.244.0.40-10.244.0.49"],
                    "vtepMAC": "9a:3a:f5:7c:22:04", "own": false, "route": .null, "neighbor": .null, "fdb": "ok",
                ],
            ])
        let probed = try overlay(cluster, "--probe")
        #expect(probed.ending == .exited(1) && probed.output.isEmpty)
        #expect(
            probed.errorOutput
                == "cnitool: --probe: the nodes of a segment have no addresses of their own in the overlay\n")
    }

    @Test func saysWhenThereIsNoSuchNetwork() throws {
        let cluster = try VXLANCluster(hosts: 1)
        let files = cluster.members[0].host.directory
        try files.write(
            "net.d/other.conflist", #"{"cniVersion":"1.0.0","name":"other","plugins":[{"type":"loopback"}]}"#)
        let other = try overlay(cluster, "other")
        #expect(other.ending == .exited(1))
        #expect(other.errorOutput == "cnitool: network \"other\" has no vxlan or flannel in it\n")
        try files.write(
            "net.d/second.conflist", #"{"cniVersion":"1.0.0","name":"second","plugins":[{"type":"vxlan"}]}"#)
        let ambiguous = try overlay(cluster)
        #expect(ambiguous.ending == .exited(1))
        #expect(ambiguous.errorOutput.hasPrefix("cnitool: NET is missing: there is \"overlay\", \"second\"\n"))
    }
}
