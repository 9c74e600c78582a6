import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// Interface plugins beside the reference's: the same configuration in two fresh hosts shows the same, and either side
/// deletes what the other added.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.hasReference))
struct InterfaceReferenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var plugin: String
        var version = "1.0.0"
        var ranges: [JSONValue] = [[["subnet": "10.1.2.0/24"]]]
        var more: JSONObject = [:]
        var ipamMore: JSONObject = [:]
        var arguments: String?
        /// What happens on the host before.
        var before = ""
        /// Parts of lines that differ on purpose.
        var differences: [String] = []
    }

    static let versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"]

    static let routedPairs =
        versions.map { version in
            Case(
                testDescription: "ptp \(version)", plugin: "ptp", version: version,
                ranges: InterfaceNetwork.dualStack, ipamMore: ["routes": [["dst": "0.0.0.0/0"], ["dst": "::/0"]]],
                differences: ownRoutes + ["host fd00:1::2 dev VETH"])
        } + [
            Case(
                testDescription: "ptp with mtu and masquerade", plugin: "ptp", more: ["mtu": 1400, "ipMasq": true],
                differences: ownRoutes),
            Case(
                testDescription: "ptp with masquerade by iptables", plugin: "ptp",
                more: ["ipMasq": true, "ipMasqBackend": "iptables"], differences: ownRoutes),
            Case(
                testDescription: "ptp with routes and dns", plugin: "ptp", more: ["dns": ["domain": "a.example"]],
                ipamMore: [
                    "routes": [["dst": "10.8.0.0/16", "gw": "10.1.2.1"], ["dst": "10.9.0.0/16", "gw": "10.1.2.9"]]
                ],
                differences: ownRoutes + ["via 10.1.2.9"]),
        ]

    /// The host's routes are marked as ours, and link is what a route without a gateway has for its scope.
    private static let ownRoutes = ["host 10.1.2.2 dev VETH"]

    private static let range: JSONValue = ["subnet": "10.1.2.0/24", "rangeStart": "10.1.2.20", "gateway": "10.1.2.9"]
    private static let uplink = """
        ip link add uplink type veth peer name wire
        ip address add 10.1.2.1/24 dev uplink
        ip link set uplink up
        ip link set wire up
        """

    static let macvlans =
        versions.map { version in
            Case(
                testDescription: "macvlan \(version)", plugin: "macvlan", version: version,
                ranges: [[range], [["subnet": "fd00:1::/64"]]], more: ["master": "uplink"],
                ipamMore: ["routes": [["dst": "0.0.0.0/0", "gw": "10.1.2.9"]]], before: uplink)
        }
        + ["private", "vepa", "passthru"].map { mode in
            Case(
                testDescription: "macvlan \(mode)", plugin: "macvlan", ranges: [[range]],
                more: ["master": "uplink", "mode": .string(mode)], before: uplink)
        } + [
            Case(
                testDescription: "macvlan with mtu and mac", plugin: "macvlan", ranges: [[range]],
                more: ["master": "uplink", "mtu": 1300, "mac": "02:00:00:00:00:07"], before: uplink),
            Case(
                testDescription: "macvlan with mac from arguments and dns", plugin: "macvlan", ranges: [[range]],
                more: ["master": "uplink", "dns": ["domain": "a.example"]],
                arguments: "MAC=02:00:00:00:00:08;IgnoreUnknown=1", before: uplink),
            Case(
                testDescription: "macvlan by the default route", plugin: "macvlan", ranges: [[range]],
                before: uplink + "\nip route add default via 10.1.2.9"),
        ]

    static let cases = routedPairs + macvlans

    @Test(arguments: cases)
    func showsTheSame(test: Case) throws {
        let ours = try lines(test, by: Executables.own)
        let theirs = try lines(test, by: Executables.reference)
        let differences = ours.difference(from: theirs).map { change in
            switch change {
            case .insert(_, let line, _): "ours: \(line)"
            case .remove(_, let line, _): "theirs: \(line)"
            }
        }
        let unexpected = differences.filter { line in !test.differences.contains(where: line.contains) }
        #expect(unexpected.isEmpty, "\(unexpected.joined(separator: "\n"))")
        for intended in test.differences {
            #expect(differences.contains { $0.contains(intended) }, "no more: \(intended)")
        }
    }

    @Test(arguments: cases, [true, false])
    func eachChecksAndDeletesWhatTheOtherAdded(test: Case, isOursFirst: Bool) throws {
        let sides = isOursFirst ? [Executables.own, Executables.reference] : [Executables.reference, Executables.own]
        let network = try network(test)
        let container = try TestContainer()
        var call = try call(test, network, container, by: sides[0])
        let added = try call.run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        call = call.after(added)
        call.directory = sides[1]
        if test.version >= "0.4.0" {
            let checked = try call.run("CHECK", on: network.host)
            #expect(checked.succeeded, "\(checked.output)")
        }
        let deleted = try call.run("DEL", on: network.host)
        // Debian's stops at a chain that is not there.
        let isStopped = deleted.errorMessage?.contains("does not exist") == true
        #expect(deleted.succeeded || isOursFirst && isStopped, "\(deleted.output)")
        #expect(try container.linkNames() == ["lo"])
        #expect(network.leasedAddresses.isEmpty)
    }

    private func network(_ test: Case) throws -> InterfaceNetwork {
        var network = try InterfaceNetwork(test.plugin, test.more)
        network.version = test.version
        network.ranges = test.ranges
        network.ipamMore = test.ipamMore
        try network.host.namespace.shell(test.before)
        return network
    }

    private func call(
        _ test: Case, _ network: InterfaceNetwork, _ container: TestContainer, by directory: String
    ) throws -> PluginCall {
        var call = network.call(container)
        call.directory = directory
        call.arguments = test.arguments
        return call
    }

    /// What is seen of an ADD, sorted.
    private func lines(_ test: Case, by directory: String) throws -> [String] {
        let network = try network(test)
        let container = try TestContainer()
        let added = try call(test, network, container, by: directory).run("ADD", on: network.host)
        try #require(added.succeeded, "\(added.output)")
        let result = members(of: added.json, "result")
        let host = try state(of: network.host).map { "host \($0)" }
        return (result + host + (try state(of: container))).map { line in
            line.replacing(/veth[0-9a-f]{8}/, with: "VETH").replacing(/([0-9a-f]{2}:){5}[0-9a-f]{2}/) { match in
                match.0.hasPrefix("02:00:00:00:00") || match.0 == "00:00:00:00:00:00" ? String(match.0) : "MAC"
            }
        }.sorted()
    }

    private func members(of value: JSONValue, _ path: String) -> [String] {
        switch value {
        case .array(let elements): elements.enumerated().flatMap { members(of: $1, "\(path)[\($0)]") }
        case .object(let object):
            object.members.flatMap { member -> [String] in
                switch member.name {
                case "dns" where member.value == [:]: []
                case "sandbox": ["\(path).sandbox"]
                default: members(of: member.value, "\(path).\(member.name)")
                }
            }
        default: ["\(path): \(value)"]
        }
    }

    /// Links, addresses, routes and some parameters.
    private func state(of machine: some TestMachine) throws -> [String] {
        let links = try machine.ip("address", "show").array?.compactMap(\.object) ?? []
        let described = links.flatMap { link in
            let name = link["ifname"]?.string ?? ""
            let info = link["linkinfo"]?.object
            let mode = info?["info_data"]?.object?["mode"]
            // The carrier comes a moment later.
            let passing = ["LOWER_UP", "NO-CARRIER"]
            let flags = link["flags"]?.array?.compactMap(\.string).filter { !passing.contains($0) }.sorted() ?? []
            let addresses = (link["addr_info"]?.array ?? []).compactMap(\.object).compactMap { entry -> String? in
                guard let local = entry["local"]?.string, !local.hasPrefix("fe80") else { return nil }
                return "\(name) \(local)/\(entry["prefixlen"] ?? 0) \(entry["scope"] ?? "")"
            }
            return [
                "\(name) mtu \(link["mtu"] ?? 0) \(flags) \(info?["info_kind"] ?? "") \(mode ?? "") \(link["address"] ?? "")"
            ] + addresses
        }
        let routes = try machine.shell("ip route show table all; ip -6 route show table all").split(separator: "\n")
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.contains("fe80") && !$0.contains("ff00") && !($0.hasPrefix("local ") && $0.contains(":")) }
        let forwarding = try machine.shell(
            "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding")
        return described + routes + ["forwarding \(forwarding.split(separator: "\n"))"]
    }
}
