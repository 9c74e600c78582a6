import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Hosts on one switch, each with a container, that share one configuration of `vxlan`.
///
/// Each plugin runs with its host's folder as `/run`, where the leases, the lock and the table of nodes are.
final class VXLANCluster: Sendable {
    /// A host and its place in the cluster, counted from 1.
    struct Member: Sendable {
        let number: Int
        let host: TestHost
        let container: TestContainer
    }

    struct Options: Sendable, CustomTestStringConvertible {
        var underlay = Family.v4
        var overlay = [Family.v4]
        var isSegment = false
        /// More members of the configuration.
        var more: JSONObject = [:]

        var testDescription: String {
            let families = overlay.map(\.rawValue).joined(separator: " and ")
            return "\(families) over \(underlay.rawValue)\(isSegment ? " in a segment" : "")"
        }
    }

    enum Family: String, Sendable {
        case v4 = "IPv4"
        case v6 = "IPv6"
    }

    let options: Options
    /// Has the switch and its ports, and nothing else.
    let network: NetworkNamespace
    let members: [Member]

    init(_ options: Options = Options(), hosts: Int = 3) throws {
        self.options = options
        network = try NetworkNamespace.make()
        members = try (1...hosts).map { Member(number: $0, host: try TestHost(), container: try TestContainer()) }
        try network.shell("ip link add switch type bridge mcast_snooping 0 && ip link set switch up")
        for member in members { try plugIn(member.host, number: member.number) }
        try setNodes(hosts)
    }

    /// Joins a host to the switch, with the addresses of a number.
    func plugIn(_ host: TestHost, number: Int) throws {
        try network.shell(
            """
            ip link add port\(number) type veth peer name eth0 netns \(host.namespace.path)
            ip link set port\(number) master switch up
            """)
        try host.namespace.shell(
            """
            ip address add 192.168.1.\(10 + number)/24 dev eth0
            ip address add fd77::\(10 + number)/64 dev eth0 nodad
            ip link set eth0 up
            """)
    }

    /// Writes the table of the first nodes, and of others, for every host to read.
    func setNodes(_ count: Int, more: [JSONObject] = []) throws {
        let nodes = (1...count).map(node) + more
        let table = JSONValue.array(nodes.map { .object($0) })
        for member in members { try member.host.directory.write("nodes.json", "\(table)") }
    }

    /// A host's entry in the table.
    func node(_ number: Int) -> JSONObject {
        var node: JSONObject = ["publicIP": .string(publicIP(number)), "name": .string("node\(number)")]
        let shares = options.overlay.map { family in
            switch family {
            case .v4:
                options.isSegment ? "10.244.0.\(number * 20)-10.244.0.\(number * 20 + 9)" : "10.244.\(number).0/24"
            case .v6: options.isSegment ? "fd00:244::\(number)0-fd00:244::\(number)9" : "fd00:244:0:\(number)::/64"
            }
        }
        node[options.isSegment ? "range" : "subnet"] = .array(shares.map { .string($0) })
        return node
    }

    func publicIP(_ number: Int) -> String {
        options.underlay == .v4 ? "192.168.1.\(10 + number)" : "fd77::\(10 + number)"
    }

    /// The same for all hosts.
    var configuration: JSONValue {
        var object: JSONObject = [
            "cniVersion": "1.1.0", "name": "overlay", "type": "vxlan", "nodesFile": "/run/nodes.json",
            "network": .array(options.overlay.map { $0 == .v4 ? "10.244.0.0/16" : "fd00:244::/48" }),
            "ipam": ["dataDir": "/run/leases"],
        ]
        if options.isSegment { object["mode"] = "segment" }
        for member in options.more.members { object[member.name] = member.value }
        return .object(object)
    }

    /// What fits into a frame of the overlay's.
    var mtu: Int { options.underlay == .v4 ? 1450 : 1430 }

    func call(_ member: Member, id: String = "cid1", in container: TestContainer? = nil) -> PluginCall {
        var call = PluginCall("vxlan", configuration, in: container ?? member.container)
        call.containerID = id
        call.launcher = member.host.launcher
        return call
    }

    /// Attaches every member's container.
    ///
    /// - Returns: the results in the members' order.
    func attachAll() throws -> [PluginOutcome] {
        try members.map { member in
            let added = try call(member).run("ADD", on: member.host)
            guard added.succeeded else { throw CommandFailure(description: added.output + added.errorOutput) }
            return added
        }
    }
}

extension PluginOutcome {
    /// The addresses of a result without their prefix lengths.
    var hosts: [String] { addresses.map { String($0.prefix { $0 != "/" }) } }
}

extension TestContainer {
    /// Whether an address answers to a byte, and to as much as the interface lets through.
    func reaches(_ address: String, mtu: Int) throws -> Bool {
        // RFC 791 and RFC 8200 for the header, RFC 792 and RFC 4443 for that of the echo request.
        let overhead = address.contains(":") ? 40 + 8 : 20 + 8
        guard try link("eth0")?["mtu"]?.number?.integer() == mtu else { return false }
        return reaches(address, bytes: 1) && reaches(address, bytes: mtu - overhead)
    }
}
