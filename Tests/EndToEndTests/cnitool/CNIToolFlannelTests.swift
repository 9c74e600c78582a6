import JSON
import TestSupport
import Testing

/// What `cnitool` shows of a flannel network, whose hosts only its daemon knows.
@Suite(.enabled(if: FlannelHost.isAvailable))
struct CNIToolFlannelTests {
    private static let conflist =
        #"{"cniVersion":"1.0.0","name":"cbr0","plugins":[{"type":"flannel","delegate":{"isDefaultGateway":true}}]}"#

    private func overlay(_ host: FlannelHost, _ arguments: String...) throws -> PluginOutcome {
        try host.host.directory.write("net.d/flannel.conflist", Self.conflist)
        return try host.host.outcome(
            of: host.host.launcher + ["\(Executables.own)/cnitool", "overlay"] + arguments,
            ["NETCONFPATH": "\(host.host.directory.path)/net.d"], input: [])
    }

    /// The daemon tells of its hosts in its own time.
    private func succeeds(_ host: FlannelHost, _ arguments: String) throws -> Bool {
        for _ in 0..<1000 where try overlay(host, arguments).succeeded { return true }
        return false
    }

    @Test(arguments: ["vxlan", "udp"]) func itsHostsAreShownAndProbed(backend: String) throws {
        let cluster = try FlannelCluster(
            hosts: 3, network: #"{"Network":"10.244.0.0/16","Backend":{"Type":"\#(backend)"}}"#)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let host = cluster.hosts[2]
        #expect(try succeeds(host, "--probe"))
        let rows = try overlay(host).output.split(separator: "\n").map { line in
            line.split(separator: " ").map(String.init)
        }
        #expect(rows.first?.prefix(3) == ["NAME", "PUBLIC", "IP"])
        #expect(rows.count == 4)
        for other in cluster.hosts.prefix(2) {
            let mac = backend == "vxlan" ? try other.mac() : "-"
            let states = backend == "vxlan" ? ["ok", "ok", "ok"] : ["ok", "-", "-"]
            #expect(rows.contains(["-", other.address, other.subnet, mac] + states))
        }
        let probed = try overlay(host, "--probe", "--json")
        let probes = probed.json.array?.compactMap(\.object).filter { $0["own"] == false }.map { $0["probes"] } ?? []
        #expect(probes.count == 2 && probes.allSatisfy { $0?.array?.count == 1 }, "\(probed.output)")
    }

    @Test func whatDoesNotLeadToAHostIsNamedWithTheReason() throws {
        let cluster = try FlannelCluster(hosts: 2)
        try cluster.etcd.ctl(
            "put", "/coreos.com/network/subnets/10.244.207.0-24",
            #"{"PublicIP":"192.168.1.77","BackendType":"host-gw"}"#)
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        let (host, other) = (cluster.hosts[0], cluster.hosts[1])
        // It tells once more when it ends.
        #expect(host.stop() == 0)
        let gateway = other.deviceAddress
        try host.host.namespace.shell(
            "ip neigh del \(gateway) dev flannel.1; ip route del \(other.subnet); "
                + "bridge fdb del \(try other.mac()) dev flannel.1 dst \(other.address) self")
        let outcome = try overlay(host, "cbr0")
        #expect(outcome.ending == .exited(1))
        for line in [
            "flanneld: waiting for flanneld to be started again",
            "peer 192.168.1.77: 10.244.207.0/24 is left out: its backend is host-gw, and this host's is vxlan",
            "peer \(other.address): route \(other.subnet) missing",
            "peer \(other.address): neighbor \(gateway) missing",
            "peer \(other.address): forwarding entry \(try other.mac()) missing",
        ] {
            #expect(outcome.errorOutput.contains("cnitool: \(line)\n"), "\(outcome.errorOutput)")
        }
        #expect(outcome.output.contains("missing  missing   missing"))
    }

    @Test func aDaemonThatTellsNothingIsNamed() throws {
        let cluster = try FlannelCluster(hosts: 1)
        let host = cluster.hosts[0]
        let none = try overlay(host)
        #expect(none.ending == .exited(1) && none.errorOutput.contains("/run/flannel/subnet.env"))
        try host.host.directory.write(
            "flannel/subnet.env",
            "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n")
        let silent = try overlay(host)
        #expect(
            silent.errorOutput.hasPrefix(
                "cnitool: the daemon that wrote /run/flannel/subnet.env does not tell of its hosts ("))
    }
}
