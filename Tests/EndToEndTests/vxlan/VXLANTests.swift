import JSON
import LinuxSystem
import TestSupport
import Testing

/// Three hosts with a container each reach each other over every kind of underlay.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANTests {
    static let mixes = [false, true].flatMap { isSegment in
        [VXLANCluster.Family.v4, .v6].flatMap { underlay in
            [[VXLANCluster.Family.v4], [.v6], [.v4, .v6]].map { overlay in
                VXLANCluster.Options(underlay: underlay, overlay: overlay, isSegment: isSegment)
            }
        }
    }

    private func expectFullReach(_ cluster: VXLANCluster, _ results: [PluginOutcome]) throws {
        for (source, member) in cluster.members.enumerated() {
            for (destination, result) in results.enumerated() where destination != source {
                for address in result.hosts {
                    #expect(
                        try member.container.reaches(address, mtu: cluster.mtu), "host \(source + 1) to \(address)")
                }
            }
        }
    }

    @Test(arguments: mixes)
    func everyContainerReachesEveryOther(options: VXLANCluster.Options) throws {
        let cluster = try VXLANCluster(options)
        let results = try cluster.attachAll()
        #expect(results.allSatisfy { $0.addresses.count == options.overlay.count })
        let capture = try VXLANCapture(in: cluster.network)
        try expectFullReach(cluster, results)
        let packets = try capture.packets()
        #expect(!packets.isEmpty && packets.allSatisfy { $0.port == 8472 && $0.vni == 1 })

        for (member, added) in zip(cluster.members, results) {
            let call = cluster.call(member).after(added)
            let checked = try call.run("CHECK", on: member.host)
            #expect(checked.succeeded && checked.errorOutput.isEmpty, "\(checked.output)\(checked.errorOutput)")
            #expect(try call.run("DEL", on: member.host).succeeded)
            #expect(try call.run("DEL", on: member.host).succeeded)
            #expect(try member.host.linkNames() == ["cni0", "eth0", "lo", "vxlan.1"])
            #expect(try member.container.link("eth0") == nil)
            #expect(member.host.directory.names(in: "leases/overlay").filter { $0.contains("244") }.isEmpty)
        }
    }

    static let transfers = [
        VXLANCluster.Options(), VXLANCluster.Options(underlay: .v6, overlay: [.v6], isSegment: true),
    ]

    @Test(arguments: transfers)
    func fiftyMegabytesArriveAsTheyWere(options: VXLANCluster.Options) throws {
        let cluster = try VXLANCluster(options, hosts: 2)
        let results = try cluster.attachAll()
        try TCPTransfer.run(
            blocks: 50, from: cluster.members[0].container, to: try #require(results[1].hosts.first),
            in: cluster.members[1].container)
    }

    @Test func numberPortAndAddressesAreThoseOfTheConfiguration() throws {
        let more: JSONObject = ["vni": 4242, "port": 4789, "device": "overlay0", "mtu": 1400, "checksumOffload": "off"]
        let cluster = try VXLANCluster(VXLANCluster.Options(more: more), hosts: 2)
        let results = try cluster.attachAll()
        let capture = try VXLANCapture(in: cluster.network)
        #expect(try cluster.members[0].container.reaches(results[1].hosts[0], mtu: 1400))
        let packets = try capture.packets()
        #expect(packets.allSatisfy { $0.port == 4789 && $0.vni == 4242 })
        #expect(Set(packets.map(\.source)) == ["10.244.1.2", "10.244.2.2"])
        let host = cluster.members[0].host
        #expect(try host.linkNames().contains("overlay0"))
        #expect(try host.run("ethtool", "-k", "overlay0").contains("tx-checksum-ip-generic: off"))
    }

    @Test func broadcastGoesToAGroup() throws {
        let options = VXLANCluster.Options(isSegment: true, more: ["group": "239.1.1.1"])
        let cluster = try VXLANCluster(options)
        let results = try cluster.attachAll()
        try expectFullReach(cluster, results)
        let host = cluster.members[0].host
        #expect(try host.run("ip", "-d", "link", "show", "vxlan.1").contains("group 239.1.1.1"))
        // Lost, the entry for the group is made again.
        try host.run("bridge", "fdb", "del", "00:00:00:00:00:00", "dev", "vxlan.1", "dst", "239.1.1.1", "via", "eth0")
        let mended = try cluster.call(cluster.members[0]).run("STATUS", on: host)
        #expect(mended.errorOutput == "device vxlan.1: forwarding entry for broadcast missing, added\n")
        #expect(try host.run("bridge", "fdb", "show", "dev", "vxlan.1").contains("dst 239.1.1.1 via eth0"))
        #expect(try cluster.call(cluster.members[0]).run("STATUS", on: host).errorOutput == "")
    }

    @Test func peersOnTheSameLinkNeedNoEncapsulation() throws {
        let options = VXLANCluster.Options(overlay: [.v4, .v6], more: ["directRouting": true])
        let cluster = try VXLANCluster(options, hosts: 2)
        let results = try cluster.attachAll()
        let capture = try VXLANCapture(in: cluster.network)
        #expect(cluster.members[0].container.reaches(results[1].hosts[0], bytes: 1))
        #expect(try capture.packets().isEmpty)
        // An IPv6 subnet has no IPv4 gateway.
        #expect(cluster.members[0].container.reaches(results[1].hosts[1], bytes: 1))
        #expect(try !capture.packets().isEmpty)
        let routes = try cluster.members[0].host.run("ip", "route", "show", "proto", "193")
        #expect(routes == "10.244.2.0/24 via 192.168.1.12 dev eth0 \n")
    }

    @Test(arguments: [
        VXLANCluster.Options(more: ["ipMasq": true]), VXLANCluster.Options(isSegment: true, more: ["ipMasq": true]),
    ])
    func onlyWhatLeavesTheNetworkIsMasqueraded(options: VXLANCluster.Options) throws {
        let cluster = try VXLANCluster(options, hosts: 2)
        // Knows no way to containers, so an answer comes only to a host's address.
        let outside = try TestHost()
        try cluster.plugIn(outside, number: 90)
        let results = try cluster.attachAll()
        let (member, added) = (cluster.members[0], results[0])
        let capture = try VXLANCapture(in: cluster.network)
        #expect(member.container.reaches(results[1].hosts[0], bytes: 1))
        // In a segment, the hosts' reports of the groups that their bridges are in come by as well.
        let gateways = results.compactMap { $0.json.object?["ips"]?.array?.first?.object?["gateway"]?.string }
        let sources = Set(try capture.packets().compactMap(\.source)).subtracting(gateways)
        #expect(sources == Set(results.map { $0.hosts[0] }))
        #expect(member.container.reaches("192.168.1.100", bytes: 1))

        // Lost, it is there again after CHECK; and gone after DEL without a namespace.
        try member.host.run("nft", "flush", "ruleset")
        let checked = try cluster.call(member).after(added).run("CHECK", on: member.host)
        #expect(checked.errorOutput == "masquerade of \(added.hosts[0]) missing, added\n")
        #expect(member.container.reaches("192.168.1.100", bytes: 1))
        var call = cluster.call(member).after(added)
        call.namespacePath = nil
        #expect(try call.run("DEL", on: member.host).succeeded)
        #expect(try member.host.ruleset().isEmpty)
    }

    @Test func dualStackPeersAreServedAsFarAsTheHostIs() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(overlay: [.v4, .v6]), hosts: 2)
        let member = cluster.members[0]
        try member.host.namespace.shell(
            "sysctl -qw net/ipv6/conf/all/disable_ipv6=1 net/ipv6/conf/default/disable_ipv6=1")
        var own = cluster.node(1)
        own["subnet"] = "10.244.1.0/24"
        let table: JSONValue = [.object(own), .object(cluster.node(2))]
        for member in cluster.members { try member.host.directory.write("nodes.json", "\(table)") }
        let results = try cluster.attachAll()
        #expect(try member.container.reaches(results[1].hosts[0], mtu: cluster.mtu))
        let status = try cluster.call(member).run("STATUS", on: member.host)
        #expect(status.succeeded, "\(status.output)")
        #expect(
            status.errorOutput
                == "subnet fd00:244:0:2::/64 of peer 192.168.1.12 not routed, since this host has no IPv6 subnet\n")
    }

    @Test func deletingGoesByTheOwnerWhateverThePreviousResultSays() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: ["ipMasq": true]), hosts: 1)
        let member = cluster.members[0]
        let added = try cluster.attachAll()[0]
        let second = try TestContainer()
        let other = try cluster.call(member, id: "cid2", in: second).run("ADD", on: member.host)
        #expect(try cluster.call(member).after(other).run("DEL", on: member.host).succeeded)
        let rules = try member.host.ruleset()
        #expect(!rules.contains(added.hosts[0]) && rules.contains(other.hosts[0]))
    }

    @Test(arguments: [false, true])
    func bridgeAndDeviceFollowTheUnderlay(inSegment isSegment: Bool) throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(isSegment: isSegment), hosts: 2)
        let old = try cluster.attachAll()
        func mtu(_ device: String, _ member: VXLANCluster.Member) throws -> Int? {
            try member.host.ip("link", "show", device).array?.first?.object?["mtu"]?.number?.integer()
        }
        for member in cluster.members {
            try member.host.run("ip", "link", "set", "eth0", "mtu", "9000")
            try cluster.network.shell("ip link set port\(member.number) mtu 9000")
        }
        let containers = try cluster.members.map { _ in try TestContainer() }
        let new = try zip(cluster.members, containers).map { member, container in
            try cluster.call(member, id: "cid2", in: container).run("ADD", on: member.host)
        }
        for member in cluster.members {
            #expect(try mtu("vxlan.1", member) == 8950)
            #expect(try mtu("cni0", member) == 8950)
            let status = try cluster.call(member).run("STATUS", on: member.host)
            #expect(status.succeeded && status.errorOutput.isEmpty, "\(status.output)\(status.errorOutput)")
            #expect(try cluster.call(member).after(old[member.number - 1]).run("CHECK", on: member.host).succeeded)
        }
        #expect(try containers[0].reaches(new[1].hosts[0], mtu: 8950))
        #expect(try cluster.members[0].container.reaches(old[1].hosts[0], mtu: 1450))

        // Back again: those that were attached meanwhile are told.
        let member = cluster.members[0]
        try member.host.run("ip", "link", "set", "eth0", "mtu", "1500")
        #expect(try cluster.call(member).run("STATUS", on: member.host).succeeded)
        #expect(try mtu("cni0", member) == 1450 && mtu("vxlan.1", member) == 1450)
        let checked = try cluster.call(member, id: "cid2", in: containers[0]).after(new[0]).run(
            "CHECK", on: member.host)
        #expect(
            checked.errorMessage
                == "eth0 of container cid2 has an MTU of 8950, and the way to the other hosts lets 1450 "
                + "through; set it to that, or attach the container anew")
        #expect(try cluster.call(member).after(old[0]).run("CHECK", on: member.host).succeeded)
    }

    @Test func manyAttachAtOnce() async throws {
        let cluster = try VXLANCluster(hosts: 2)
        let member = cluster.members[0]
        let containers = try (1...8).map { _ in try TestContainer() }
        let results = try await withThrowingTaskGroup(of: PluginOutcome.self) { group in
            for (index, container) in containers.enumerated() {
                let call = cluster.call(member, id: "cid\(index)", in: container)
                group.addTask { try await onThread { try call.run("ADD", on: member.host) } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0.succeeded }, "\(results.map(\.output))")
        #expect(Set(results.flatMap(\.addresses)).count == containers.count)
        // One made the device and its entries, and the others found nothing to do.
        #expect(results.count { $0.errorOutput.contains("device vxlan.1: missing, added") } == 1)
        #expect(results.count { $0.errorOutput.isEmpty } == containers.count - 1)
    }
}
