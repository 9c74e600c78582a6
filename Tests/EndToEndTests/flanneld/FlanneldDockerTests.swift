import JSON
import TestSupport
import Testing

/// Docker on the hosts' subnets.
@Suite(
    .enabled(
        if: DockerHost.isAvailable,
        "Docker needs control groups, containerd, runc and what \"Tests/unpack docker\" unpacks"))
struct FlanneldDockerTests {
    @Test(arguments: ["vxlan", "host-gw"]) func containersOfDockerReachEachOther(backend: String) throws {
        let cluster = try FlannelCluster(
            hosts: 2, network: #"{"Network":"10.244.0.0/16","Backend":{"Type":"\#(backend)"}}"#, "--ip-masq")
        try cluster.start()
        try cluster.waitForRoutes(among: cluster.hosts)
        // As Docker does it where it is the one that switches forwarding on.
        for host in cluster.hosts { try host.host.shell("iptables -P FORWARD DROP") }
        let dockers = try cluster.hosts.map { try DockerHost(on: $0) }
        var addresses: [String] = []
        for docker in dockers {
            try docker.makeImage()
            addresses.append(try docker.startContainer())
            let host = docker.host.host
            // The bridge has what subnet.env says.
            let bridge = try host.ip("address", "show", "dev", "docker0").array?.first?.object
            let address = bridge?["addr_info"]?.array?.compactMap(\.object).first { $0["family"]?.string == "inet" }
            #expect(
                address.map { "\($0["local"]?.string ?? "")/24" } == docker.host.value("FLANNEL_SUBNET"))
            let mtu = try #require(docker.host.value("FLANNEL_MTU"))
            #expect(bridge?["mtu"]?.number?.text == mtu)
            #expect(try docker.run("/bin/busybox cat /sys/class/net/eth0/mtu") == mtu)
            // flanneld masquerades.
            #expect(try !host.run("iptables", "-t", "nat", "-S").contains("MASQUERADE"))
        }
        for (docker, address) in zip(dockers, addresses.reversed()) {
            try docker.run(BusyboxImage.pingScript, address)
        }
        for docker in dockers { try docker.docker("rm", "--force", "sleeper") }
    }
}
