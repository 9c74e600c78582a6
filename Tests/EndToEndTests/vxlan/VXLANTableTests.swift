import JSON
import TestSupport
import Testing

/// Hosts come and go by the table; a table that cannot be changes nothing.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANTableTests {
    /// What of the overlay a host has, without what comes and goes by itself: carriers, and what IPv6 finds out.
    private func state(_ host: TestHost) throws -> String {
        try host.namespace.shell(
            """
            ip link | grep -o '^[0-9]*: [^ ]*'
            ip -o address | awk '{ print $2, $4 }' | grep -v fe80
            { ip route; ip -6 route; } | grep -v fe80 | sed 's/ linkdown//'
            for device in $(ip -br link show type vxlan | cut -d' ' -f1); do
                ip neigh show nud permanent dev $device; bridge fdb show dev $device | sort
            done
            """)
    }

    @Test(arguments: ["ADD", "CHECK", "STATUS"])
    func aHostJoinsAndLeaves(seenBy verb: String) throws {
        let cluster = try VXLANCluster(hosts: 4)
        try cluster.setNodes(3)
        let early = Array(cluster.members[..<3])
        let results = try early.map { try cluster.call($0).run("ADD", on: $0.host) }
        let before = try early.map { try state($0.host) }

        try cluster.setNodes(4)
        let newcomer = cluster.members[3]
        let joined = try cluster.call(newcomer).run("ADD", on: newcomer.host)
        #expect(joined.succeeded, "\(joined.output)")
        for (member, added) in zip(early, results) {
            let second = try TestContainer()
            let call = verb == "ADD" ? cluster.call(member, id: "cid2", in: second) : cluster.call(member)
            #expect(try (verb == "CHECK" ? call.after(added) : call).run(verb, on: member.host).succeeded)
            #expect(member.container.reaches(joined.hosts[0], bytes: 1))
            #expect(newcomer.container.reaches(added.hosts[0], bytes: 1))
            if verb == "ADD" { #expect(try call.run("DEL", on: member.host).succeeded) }
        }

        try cluster.setNodes(3)
        for (member, before) in zip(early, before) {
            var call = cluster.call(member)
            if verb == "ADD", case .object(var object) = call.configuration {
                object["cni.dev/valid-attachments"] = [["containerID": "cid1", "ifname": "eth0"]]
                call.configuration = .object(object)
            }
            #expect(try call.run(verb == "ADD" ? "GC" : "STATUS", on: member.host).succeeded)
            #expect(try state(member.host) == before)
        }
    }

    struct BadTable: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var nodes = ""
        var more: JSONObject = [:]
        let message: String
    }

    private static let own = #"{"publicIP": "192.168.1.11", "subnet": "10.244.1.0/24"}"#

    static let badTables = [
        BadTable(
            testDescription: "overlapping subnets",
            nodes: #"[\#(own), {"publicIP": "192.168.1.12", "subnet": "10.244.1.128/25"}]"#, message: "overlaps"),
        BadTable(
            testDescription: "a subnet outside",
            nodes: #"[\#(own), {"publicIP": "192.168.1.12", "subnet": "10.9.1.0/24"}]"#, message: "is not in network"),
        BadTable(
            testDescription: "one address twice",
            nodes: #"[\#(own), {"publicIP": "192.168.1.11", "subnet": "10.244.2.0/24"}]"#, message: "already"),
        BadTable(
            testDescription: "an address of all hosts",
            nodes: #"[\#(own), {"publicIP": "192.168.1.255", "subnet": "10.244.2.0/24"}]"#,
            message: "publicIP: 192.168.1.255 is the broadcast address of eth0's network"),
        BadTable(
            testDescription: "own node missing",
            nodes: #"[{"publicIP": "192.168.1.12", "subnet": "10.244.2.0/24"}]"#, message: "no entry is this host's"),
        BadTable(
            testDescription: "own node twice",
            nodes: #"[\#(own), {"publicIP": "192.0.2.1", "subnet": "10.244.2.0/24"}]"#,
            message: "this host has the addresses of"),
        BadTable(testDescription: "torn file", nodes: "[{", message: "nodesFile /run/nodes.json: "),
        BadTable(testDescription: "vni", nodes: "[\(own)]", more: ["vni": 16_777_216], message: "vni: expected"),
        BadTable(testDescription: "port", nodes: "[\(own)]", more: ["port": 65536], message: "port: expected"),
        BadTable(testDescription: "mtu", nodes: "[\(own)]", more: ["mtu": 1451], message: "mtu: 1451 does not fit"),
        BadTable(testDescription: "mtu too small", nodes: "[\(own)]", more: ["mtu": 60], message: "mtu: expected"),
        BadTable(
            testDescription: "iface", nodes: "[\(own)]", more: ["iface": "eth7"],
            message: "iface: this host has no interface \"eth7\""),
        BadTable(
            testDescription: "device", nodes: "[\(own)]", more: ["device": "overlay.of.ours.1"],
            message: "device: interface name is too long"),
        BadTable(
            testDescription: "iface that cannot be", nodes: "[\(own)]", more: ["iface": "eth 0"],
            message: "iface: interface name contains / or : or whitespace characters"),
        BadTable(
            testDescription: "IPv6 over an underlay that leaves too little",
            nodes: #"[{"publicIP": "192.168.1.11", "subnet": "fd00:244:0:1::/64"}]"#,
            more: ["network": "fd00:244::/48", "iface": "small"],
            message: "mtu: IPv6 needs 1280, and the 1320 of small leave 1270 over IPv4"),
        BadTable(
            testDescription: "an underlay that leaves nothing", nodes: "[\(own)]", more: ["iface": "tiny"],
            message: "mtu: an overlay does not fit into the 100 of tiny, which leave 50 over IPv4"),
        BadTable(
            testDescription: "a missing range", nodes: #"[{"publicIP": "192.168.1.11", "name": "one"}]"#,
            more: ["mode": "segment"],
            message: "nodesFile /run/nodes.json: [0], one (192.168.1.11): no \"range\" for host-local"),
        BadTable(
            testDescription: "no bridge plugin", nodes: "[\(own)]", more: ["delegate": ["type": "nothing"]],
            message: "failed to find plugin \"nothing\""),
    ]

    @Test(arguments: badTables)
    func aBadTableIsOneErrorAndNoChange(table: BadTable) throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: table.more), hosts: 1)
        let member = cluster.members[0]
        // The second address of a host with two nodes' addresses.
        try member.host.namespace.shell(
            """
            ip address add 192.0.2.1/32 dev lo
            ip link add small mtu 1320 type veth peer name tiny mtu 100
            ip address add 192.168.7.1/24 dev small
            ip address add 192.168.8.1/24 dev tiny
            """)
        try member.host.directory.write("nodes.json", table.nodes)
        let before = try state(member.host)
        let added = try cluster.call(member).run("ADD", on: member.host)
        #expect(added.errorCode == 7, "\(added.output)")
        #expect(added.errorMessage?.contains(table.message) == true, "\(added.output)")
        #expect(try state(member.host) == before)
        #expect(try member.container.link("eth0") == nil)
        let status = try cluster.call(member).run("STATUS", on: member.host)
        #expect(status.errorCode == 50 && status.errorMessage == added.errorMessage)
        #expect(try state(member.host) == before)
    }

    @Test func aContainerIsDeletedWhateverBecameOfTheTable() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: ["ipMasq": true]), hosts: 1)
        let member = cluster.members[0]
        let added = try #require(try cluster.attachAll().first)
        try member.host.directory.write("nodes.json", "[{")
        var call = cluster.call(member).after(added)
        call.namespacePath = nil
        let deleted = try call.run("DEL", on: member.host)
        #expect(deleted.succeeded, "\(deleted.output)")
        #expect(try member.host.linkNames() == ["cni0", "eth0", "lo", "vxlan.1"])
        #expect(try member.container.link("eth0") == nil)
        #expect(try member.host.ruleset().isEmpty)
        #expect(member.host.directory.names(in: "leases/overlay").filter { $0.hasPrefix("10.") }.isEmpty)
    }

    @Test func aHostThatOthersSeeUnderAnotherAddressIsNamed() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: ["node": "translated", "iface": "eth0"]), hosts: 1)
        let member = cluster.members[0]
        try cluster.setNodes(
            1, more: [["name": "translated", "publicIP": "203.0.113.7", "subnet": "10.244.7.0/24"]])
        let added = try cluster.call(member).run("ADD", on: member.host)
        #expect(added.addresses == ["10.244.7.2/24"])
        // Packets come from an address that this host has.
        #expect(try member.host.run("ip", "-d", "link", "show", "vxlan.1").contains("local 192.168.1.11 dev eth0"))
        #expect(try member.host.run("ip", "route", "show", "10.244.1.0/24").contains("vxlan.1"))
    }

    @Test func aHostThatIsProgrammedByHandIsAPeer() throws {
        let cluster = try VXLANCluster(hosts: 2)
        let flannel = try TestHost()
        let container = try TestContainer()
        try cluster.plugIn(flannel, number: 9)
        try cluster.setNodes(
            2,
            more: [["publicIP": "192.168.1.19", "subnet": "10.244.9.0/24", "vtepMAC": "c2:f0:6d:ae:b8:35"]])
        let results = try cluster.attachAll()
        // As flannel does it: the device, and for each peer a neighbour, a forwarding entry and a route.
        try flannel.namespace.shell(
            """
            ip link add flannel.1 address c2:f0:6d:ae:b8:35 mtu 1450 type vxlan id 1 dev eth0 local 192.168.1.19 \
                dstport 8472 nolearning
            ip address add 10.244.9.0/32 dev flannel.1
            ip link set flannel.1 up
            """)
        for (number, member) in zip(1..., cluster.members) {
            let shown = try member.host.ip("link", "show", "vxlan.1").array?.first?.object?["address"]?.string
            let mac = try #require(shown)
            try flannel.namespace.shell(
                """
                ip neigh replace 10.244.\(number).0 lladdr \(mac) nud permanent dev flannel.1
                bridge fdb replace \(mac) dev flannel.1 dst 192.168.1.1\(number) self permanent
                ip route replace 10.244.\(number).0/24 via 10.244.\(number).0 dev flannel.1 onlink
                """)
        }
        try flannel.namespace.shell(
            """
            sysctl -q -w net/ipv4/ip_forward=1
            ip link add veth0 type veth peer name eth0 netns \(container.path)
            ip address add 10.244.9.1/24 dev veth0
            ip link set veth0 up
            """)
        try container.namespace.shell(
            """
            ip address add 10.244.9.2/24 dev eth0
            ip link set eth0 mtu 1450 up
            ip route add default via 10.244.9.1
            """)
        for (member, added) in zip(cluster.members, results) {
            #expect(try member.container.reaches("10.244.9.2", mtu: 1450))
            #expect(try container.reaches(added.hosts[0], mtu: 1450))
        }
    }
}
