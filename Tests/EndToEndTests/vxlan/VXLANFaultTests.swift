import JSON
import TestSupport
import Testing

/// Whatever is done to a host's overlay, the next ADD, CHECK or STATUS restores traffic.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let command: String
        var options = VXLANCluster.Options()
        /// What is told of it.
        let found: String
        var testDescription: String { command }
    }

    static let verbs = ["ADD", "CHECK", "STATUS"]
    static let segment = VXLANCluster.Options(isSegment: true)
    static let direct = VXLANCluster.Options(more: ["directRouting": true])
    /// What every host works out for the second one.
    static let peerMAC = "9a:3a:f5:7c:22:04"

    static let faults = [
        Fault(command: "ip link del vxlan.1", found: "device vxlan.1: missing, added"),
        Fault(
            command: "ip address flush dev vxlan.1", found: "device vxlan.1: address 10.244.1.0/32 missing, added"),
        Fault(
            command: "ip route del 10.244.2.0/24", found: "peer 192.168.1.12: route 10.244.2.0/24 missing, added"),
        Fault(
            command: "ip neigh del 10.244.2.0 dev vxlan.1",
            found: "peer 192.168.1.12: neighbor 10.244.2.0 missing, added"),
        Fault(
            command: "bridge fdb del \(peerMAC) dev vxlan.1",
            found: "peer 192.168.1.12: forwarding entry \(peerMAC) missing, added"),
        Fault(
            command: "ip link set vxlan.1 address 02:00:00:00:00:99",
            found: "device vxlan.1: MAC address wrong (02:00:00:00:00:99), corrected"),
        Fault(command: "ip link set vxlan.1 mtu 1300", found: "device vxlan.1: MTU wrong (1300), corrected"),
        Fault(
            command: "ip link del vxlan.1; ip link add vxlan.1 type vxlan id 1 dev eth0 dstport 4789; "
                + "ip link set vxlan.1 alias 'cni vxlan'",
            found: "device vxlan.1: port wrong (4789), corrected"),
        Fault(
            command: "ip link set vxlan.1 down; ip link set vxlan.1 up",
            found: "peer 192.168.1.12: route 10.244.2.0/24 missing, added"),
        Fault(
            command: "ip link set eth0 down; ip link set eth0 up", options: direct,
            found: "peer 192.168.1.12: route 10.244.2.0/24 missing, added"),
        Fault(command: "ip link del vxlan.1", options: segment, found: "device vxlan.1: missing, added"),
        Fault(
            command: "ip link set vxlan.1 nomaster", options: segment, found: "device vxlan.1: bridge missing, added"),
        Fault(
            command: "bridge link set dev vxlan.1 state 0", options: segment,
            found: "device vxlan.1: port's state wrong (disabled), corrected"),
        Fault(
            command: "bridge link set dev vxlan.1 learning on; bridge link set dev vxlan.1 locked on", options: segment,
            found: "device vxlan.1: port's locked wrong (on), corrected"),
        Fault(
            command: "bridge link set dev vxlan.1 bcast_flood off", options: segment,
            found: "device vxlan.1: port's flooding wrong (off), corrected"),
        Fault(
            command: "bridge link set dev vxlan.1 neigh_suppress on", options: segment,
            found: "device vxlan.1: port's neighbor suppression wrong (on), corrected"),
        Fault(
            command: "sysctl -qw net/ipv4/conf/vxlan.1/forwarding=0",
            found: "device vxlan.1: IPv4 forwarding wrong (off), corrected"),
        Fault(
            command: "bridge fdb replace \(peerMAC) dev vxlan.1 dst 192.168.1.12 vni 7",
            found: "peer 192.168.1.12: forwarding entry \(peerMAC) wrong (\(peerMAC) dst 192.168.1.12 vni 7), corrected"
        ),
        Fault(
            command: "bridge fdb del 00:00:00:00:00:00 dev vxlan.1 dst 192.168.1.12; "
                + "bridge fdb append 00:00:00:00:00:00 dev vxlan.1 dst 192.168.1.12 port 4789; ip neigh flush dev cni0",
            options: segment,
            found: "peer 192.168.1.12: forwarding entry for broadcast wrong "
                + "(00:00:00:00:00:00 dst 192.168.1.12 port 4789), corrected"),
        Fault(
            command: "bridge fdb del 00:00:00:00:00:00 dev vxlan.1 dst 192.168.1.12; ip neigh flush dev cni0",
            options: segment,
            found: "peer 192.168.1.12: forwarding entry for broadcast missing, added"),
    ]

    @Test(arguments: faults, verbs)
    func isMended(fault: Fault, by verb: String) throws {
        let cluster = try VXLANCluster(fault.options, hosts: 2)
        let results = try cluster.attachAll()
        let member = cluster.members[0]
        try member.host.namespace.shell(fault.command)

        let second = try TestContainer()
        let call = verb == "ADD" ? cluster.call(member, id: "cid2", in: second) : cluster.call(member)
        let outcome = try (verb == "CHECK" ? call.after(results[0]) : call).run(verb, on: member.host)
        #expect(outcome.succeeded, "\(outcome.output)")
        #expect(outcome.errorOutput.contains("\(fault.found)\n"), "\(outcome.errorOutput)")
        #expect(try member.container.reaches(results[1].hosts[0], mtu: cluster.mtu))
        #expect(try cluster.members[1].container.reaches(results[0].hosts[0], mtu: cluster.mtu))
        #expect(try cluster.call(member).run("STATUS", on: member.host).errorOutput == "")
    }

    @Test func aFlapOfTheUnderlayDoesNoHarm() throws {
        let cluster = try VXLANCluster(hosts: 2)
        let results = try cluster.attachAll()
        let member = cluster.members[0]
        try member.host.run("ip", "link", "set", "eth0", "down")
        let down = try cluster.call(member).run("STATUS", on: member.host)
        #expect(down.errorCode == 50 && down.errorMessage == "the underlay, eth0, is down")
        try member.host.run("ip", "link", "set", "eth0", "up")
        #expect(try member.container.reaches(results[1].hosts[0], mtu: cluster.mtu))
    }

    @Test func aForeignRouteInTheWayIsReportedAndStays() throws {
        let cluster = try VXLANCluster(hosts: 3)
        let member = cluster.members[0]
        try member.host.run("ip", "route", "add", "10.244.2.0/24", "via", "192.168.1.200")
        let status = try cluster.call(member).run("STATUS", on: member.host)
        #expect(status.errorCode == 51)
        #expect(status.errorMessage == "add route 10.244.2.0/24 via 10.244.2.0: File exists")
        #expect(try member.host.run("ip", "route", "show", "10.244.2.0/24").contains("192.168.1.200"))
        // The others are reached.
        #expect(try member.host.run("ip", "route", "show", "10.244.3.0/24").contains("vxlan.1"))
    }

    @Test func anotherDeviceWithTheNumberIsReportedAndStays() throws {
        let cluster = try VXLANCluster(hosts: 2)
        let member = cluster.members[0]
        try member.host.namespace.shell("ip link add flannel.1 type vxlan id 1 dev eth0 dstport 8472")
        let status = try cluster.call(member).run("STATUS", on: member.host)
        #expect(status.errorCode == 51)
        #expect(status.errorMessage?.hasPrefix("create vxlan vxlan.1: File exists: ") == true)
        #expect(status.errorMessage?.hasSuffix("; delete that device, or use another id or port") == true)
        #expect(try member.host.linkNames() == ["eth0", "flannel.1", "lo"])
    }

    @Test func aFailedAddLeavesNothingOfTheContainer() throws {
        let cluster = try VXLANCluster(VXLANCluster.Options(more: ["ipMasq": true]), hosts: 2)
        let member = cluster.members[0]
        // A map of the same name and of another kind fails what comes last.
        try member.host.namespace.shell(
            "nft 'add table inet cni_vxlan; add map inet cni_vxlan masquerade4 { type inet_service : verdict; }'")
        let added = try cluster.call(member).run("ADD", on: member.host)
        #expect(!added.succeeded)
        #expect(try member.container.link("eth0") == nil)
        #expect(try member.host.linkNames() == ["cni0", "eth0", "lo", "vxlan.1"])
        #expect(member.host.directory.names(in: "leases/overlay").filter { $0.hasPrefix("10.") }.isEmpty)
    }
}
