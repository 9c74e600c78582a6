import JSON
import TestSupport
import Testing

/// Hosts whose subnets became others' are not cut off, whether or not containers still use them.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANMovedSubnetTests {
    static let verbs = ["ADD", "STATUS", "GC"]
    static let families = [VXLANCluster.Family.v4, .v6]

    /// Gives the first two hosts each other's subnets.
    private func swapSubnets(_ cluster: VXLANCluster) throws {
        var nodes = [cluster.node(1), cluster.node(2)]
        let first = nodes[0]["subnet"]
        nodes[0]["subnet"] = nodes[1]["subnet"]
        nodes[1]["subnet"] = first
        let table = JSONValue.array(nodes.map { .object($0) })
        for member in cluster.members { try member.host.directory.write("nodes.json", "\(table)") }
    }

    private func addresses(on member: VXLANCluster.Member) throws -> String {
        try member.host.namespace.shell("ip -o address show dev cni0 | awk '{ print $4 }' | { grep -v fe80 || true; }")
    }

    private func gateway(_ number: Int, _ family: VXLANCluster.Family) -> String {
        family == .v4 ? "10.244.\(number).1/24" : "fd00:244:0:\(number)::1/64"
    }

    private func run(_ verb: String, _ cluster: VXLANCluster, on member: VXLANCluster.Member) throws -> PluginOutcome {
        guard verb == "ADD" else {
            var call = cluster.call(member)
            if verb == "GC", case .object(var object) = call.configuration {
                object["cni.dev/valid-attachments"] = [["containerID": "cid1", "ifname": "eth0"]]
                call.configuration = .object(object)
            }
            return try call.run(verb, on: member.host)
        }
        let scratch = try TestContainer()
        let call = cluster.call(member, id: "scratch", in: scratch)
        let outcome = try call.run("ADD", on: member.host)
        #expect(try call.after(outcome).run("DEL", on: member.host).succeeded)
        return outcome
    }

    @Test(arguments: verbs, families)
    func anUnusedGatewayGoes(by verb: String, family: VXLANCluster.Family) throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(overlay: [family]), hosts: 2)
        let old = try cluster.attachAll()
        for (member, added) in zip(cluster.members, old) {
            #expect(try cluster.call(member).after(added).run("DEL", on: member.host).succeeded)
        }
        try swapSubnets(cluster)
        for member in cluster.members {
            let outcome = try run(verb, cluster, on: member)
            #expect(outcome.succeeded, "\(outcome.output)\(outcome.errorOutput)")
            let former = gateway(member.number, family)
            #expect(
                outcome.errorOutput.contains("address \(former) of cni0 surplus, removed"), "\(outcome.errorOutput)")
            #expect(try !addresses(on: member).contains(former))
        }
        let new = try cluster.attachAll()
        for (member, other) in zip(cluster.members, new.reversed()) {
            #expect(try member.container.reaches(other.hosts[0], mtu: cluster.mtu))
            let status = try cluster.call(member).run("STATUS", on: member.host)
            #expect(status.succeeded && status.errorOutput.isEmpty, "\(status.output)\(status.errorOutput)")
        }
    }

    /// The interface has the name of a VLAN's and is a bridge here: there are kernels without bridges' VLANs.
    @Test func theGatewayInAVLANGoesAsWell() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: ["bridge": "cni0.5"]), hosts: 2)
        let member = cluster.members[0]
        let added = try cluster.call(member).run("ADD", on: member.host)
        #expect(try cluster.call(member).after(added).run("DEL", on: member.host).succeeded)
        try swapSubnets(cluster)

        try member.host.namespace.shell("ip link add cni0 type bridge")
        var call = cluster.call(member)
        var object = try #require(call.configuration.object)
        object["bridge"] = nil
        object["delegate"] = ["vlan": 5]
        call.configuration = .object(object)
        let former = gateway(1, .v4)
        let outcome = try call.run("STATUS", on: member.host)
        #expect(outcome.errorOutput.contains("address \(former) of cni0.5 surplus, removed"), "\(outcome.errorOutput)")
        let left = try member.host.namespace.shell("ip -o -4 address show dev cni0.5")
        #expect(left.isEmpty, "\(left)")
    }

    @Test(arguments: verbs, families)
    func aGatewayInUseStaysBesideThePeersRoute(by verb: String, family: VXLANCluster.Family) throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(overlay: [family]), hosts: 2)
        let old = try cluster.attachAll()
        try swapSubnets(cluster)
        for member in cluster.members {
            let outcome = try run(verb, cluster, on: member)
            #expect(outcome.succeeded, "\(outcome.output)\(outcome.errorOutput)")
            let former = gateway(member.number, family)
            #expect(outcome.errorOutput.contains("address \(former) of cni0 stays"), "\(outcome.errorOutput)")
            #expect(try addresses(on: member).contains(former))
            // Containers keep their way out.
            #expect(member.container.reaches(String(former.prefix { $0 != "/" })))
        }
        // The third address of a subnet is no old container's.
        let containers = try cluster.members.map { _ in try TestContainer() }
        let new = try zip(cluster.members, containers).map { member, container in
            let second = try TestContainer()
            let occupied = try cluster.call(member, id: "second", in: second).run("ADD", on: member.host)
            #expect(occupied.succeeded, "\(occupied.output)")
            return try cluster.call(member, id: "third", in: container).run("ADD", on: member.host)
        }
        for (container, other) in zip(containers, new.reversed()) {
            #expect(try container.reaches(other.hosts[0], mtu: cluster.mtu))
        }
        for (member, added) in zip(cluster.members, old) {
            #expect(try cluster.call(member).after(added).run("DEL", on: member.host).succeeded)
            #expect(try cluster.call(member).run("STATUS", on: member.host).succeeded)
            #expect(try !addresses(on: member).contains(gateway(member.number, family)))
            let status = try cluster.call(member).run("STATUS", on: member.host)
            #expect(status.succeeded && status.errorOutput.isEmpty, "\(status.output)\(status.errorOutput)")
            let routes = try member.host.namespace.shell("ip route show proto 193; ip -6 route show proto 193")
            #expect(!routes.contains("cni0"))
        }
    }
}
