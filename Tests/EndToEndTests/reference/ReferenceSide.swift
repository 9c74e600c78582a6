import Foundation
import JSON
import LinuxSystem
import TestSupport

/// One of two hosts on which the same is done, and what can be seen of it, in lines.
final class ReferenceSide {
    let network: BridgeNetwork
    private let test: ReferenceCase
    /// Where the plugins are.
    private let directory: String
    private var containers: [String: TestContainer] = [:]
    private var results: [String: PluginOutcome] = [:]
    private let router: TestRouter?
    /// All addresses that were ever leased.
    private var seenAddresses: Set<String> = []

    var host: TestHost { network.host }

    init(_ test: ReferenceCase, by directory: String) throws {
        var network = try BridgeNetwork()
        network.version = test.version
        network.ranges = test.ranges
        network.more = test.more
        network.ipamMore = test.ipamMore
        self.network = network
        self.test = test
        self.directory = directory
        router = test.masquerades ? try TestRouter(beside: network.host) : nil
    }

    func container(_ id: String = "cid1") throws -> TestContainer {
        if let container = containers[id] { return container }
        let container = try TestContainer()
        containers[id] = container
        return container
    }

    /// A call for a container, with its result of ADD if it has one.
    func call(_ id: String = "cid1", by directory: String? = nil) throws -> PluginCall {
        var call = network.call(try container(id), id: id)
        call.directory = directory ?? self.directory
        call.arguments = test.arguments
        return call
    }

    /// Runs a verb, CHECK and DEL with the container's result of ADD if it has one.
    func run(_ step: ReferenceStep, by directory: String? = nil) throws -> PluginOutcome? {
        switch step.action {
        case .host(let script):
            try host.namespace.shell(
                "port=$(ip -o link show type veth | sed -n 's/.*\\(veth[^@]*\\)@.*/\\1/p;q'); \(script)")
            return nil
        case .container(let script):
            try container(step.containerID).namespace.shell(script)
            return nil
        case .verb(let verb):
            var call = try call(step.containerID, by: directory)
            if verb != "ADD", let result = results[step.containerID] { call = call.after(result) }
            step.change(&call)
            let outcome = try call.run(verb, on: host)
            if verb == "ADD", outcome.succeeded { results[step.containerID] = outcome }
            return outcome
        }
    }

    /// Runs all steps and returns what was seen after each.
    func lines() throws -> [String] {
        try test.steps.enumerated().flatMap { number, step in
            let said = try run(step).map { try lines(of: $0, step) } ?? []
            return (said + (try state())).map { "step \(number): \($0)" }
        }
    }

    /// What a plugin said, and who the outside sees then.
    private func lines(of outcome: PluginOutcome, _ step: ReferenceStep) throws -> [String] {
        guard outcome.succeeded else { return ["code \(outcome.errorCode ?? -1)"] }
        var lines = ["succeeds"] + Self.members(of: outcome.json, "result")
        if let router, case .verb("ADD") = step.action {
            let families = Set(network.leasedAddresses.map { $0.contains(":") })
            for address in TestRouter.addresses where families.contains(address.contains(":")) {
                let container = try container(step.containerID)
                // The reference does not wait until its gateway may use its address; the first pings may be lost.
                lines.append("reaches \(address): \(container.reaches(address))")
            }
            lines.append("the outside sees \(try router.sources())")
        }
        return lines
    }

    /// All that is in a value, a line each, without what is of chance or this side's own.
    private static func members(of value: JSONValue, _ path: String) -> [String] {
        switch value {
        case .array(let elements):
            elements.enumerated().flatMap { members(of: $1, "\(path)[\($0)]") }
        case .object(let object):
            object.members.flatMap { member -> [String] in
                switch member.name {
                case "mac",
                    "address" where isMAC(member.value):
                    ["\(path).\(member.name): \(given(member.value))"]
                // The reference's 1.1 still prints it in 1.0.0, today's no longer.
                case "dns" where member.value == [:]: []
                case "sandbox": ["\(path).sandbox"]
                case "name" where member.value.string?.hasPrefix("veth") == true: ["\(path).name: VETH"]
                default: members(of: member.value, "\(path).\(member.name)")
                }
            }
        default: ["\(path): \(value)"]
        }
    }

    private static func isMAC(_ value: JSONValue) -> Bool { value.string?.split(separator: ":").count == 6 }

    /// A MAC address that a case asks for, and no other.
    private static func given(_ value: JSONValue?) -> String {
        value?.string.flatMap { $0.hasPrefix("02:00:00:00") ? $0 : nil } ?? "MAC"
    }

    /// What the kernel and the lease store have.
    private func state() throws -> [String] {
        var lines = host.directory.names(in: "networks/net1").map { "file \($0)" }
        for name in network.leasedAddresses + ["last_reserved_ip.0"] {
            lines.append("\(name): \(host.directory.contents("networks/net1/\(name)") ?? "")")
        }
        lines += try Self.links(host.ip("address", "show"), ofHost: true).map { "host \($0)" }
        lines += try Self.report(
            host.namespace,
            [
                "ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/bridge0/accept_ra",
                "ipv4/conf/bridge0/forwarding",
            ], routesOf: "main"
        ).map { "host \($0)" }
        for (id, container) in containers.sorted(by: { $0.key < $1.key }) {
            lines += try Self.links(container.ip("address", "show"), ofHost: false).map { "\(id) \($0)" }
            // Debian's reference, 1.1, sets neither keep_addr_on_down nor leaves the queue alone; today's does. It
            // also has IPv4 containers solicit routers at once (accept_dad), by frames that every port gets a copy of.
            let hasIPv6 = try container.ip("-6", "address", "show", "scope", "global").array?.isEmpty == false
            let parameters = ["ipv4/conf/eth0/arp_notify"] + (hasIPv6 ? ["ipv6/conf/eth0/accept_dad"] : [])
            lines += try Self.report(container.namespace, parameters, routesOf: "all").map { "\(id) \($0)" }
        }
        let rules = try host.ruleset().split { " \n\t\",".contains($0) }.map(String.init)
        seenAddresses.formUnion(network.leasedAddresses)
        lines += seenAddresses.sorted().map { "rules mention \($0): \(rules.contains($0))" }
        return lines
    }

    /// Parameters of the kernel, and routes.
    private static func report(
        _ namespace: borrowing NetworkNamespace, _ parameters: [String], routesOf table: String
    ) throws -> [String] {
        let script = """
            cd /proc/sys/net
            for name in \(parameters.joined(separator: " ")); do
                value=
                [ ! -e $name ] || read value <$name || true
                echo "$name $value"
            done
            for family in -4 -6; do ip $family route show table \(table) || true; done
            """
        return try namespace.shell(script).split(separator: "\n")
            .filter { !$0.contains("fe80") && !$0.contains("ff00") }
            // An IPv6 address of its own the kernel adds to this table when it comes to it.
            .filter { !($0.hasPrefix("local ") && $0.contains(":")) }
            // The carrier goes a moment after the request that ends it.
            .map { $0.replacing(" linkdown", with: "").trimmingCharacters(in: .whitespaces) }
    }

    private static func links(_ value: JSONValue, ofHost isHost: Bool) -> [String] {
        (value.array ?? []).compactMap(\.object).map { link in
            let name = link["ifname"]?.string ?? ""
            let data = link["linkinfo"]?.object?["info_slave_data"]?.object
            // The carrier comes and goes a moment after the request that causes it.
            let flags =
                link["flags"]?.array?.compactMap(\.string).filter { !$0.contains("_UP") && $0 != "NO-CARRIER" }
                .sorted().joined(separator: ",") ?? ""
            let addresses = (link["addr_info"]?.array ?? []).compactMap(\.object).compactMap { entry -> String? in
                guard let local = entry["local"]?.string, !local.hasPrefix("fe80") else { return nil }
                return "\(local)/\(entry["prefixlen"] ?? 0) brd \(entry["broadcast"] ?? "") \(entry["scope"] ?? "")"
            }
            return [
                name.hasPrefix("veth") ? "VETH" : name, "\(link["mtu"] ?? 0)", flags,
                "\(link["linkinfo"]?.object?["info_kind"] ?? "")", "\(link["master"] ?? "")",
                isHost ? "queue \(link["txqlen"] ?? 0)" : "", "hairpin \(data?["hairpin"] ?? "")",
                "isolated \(data?["isolated"] ?? "")", given(link["address"]), "\(addresses.sorted())",
            ].joined(separator: " ")
        }
    }
}
