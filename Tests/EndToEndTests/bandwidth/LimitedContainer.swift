import JSON
import LinuxSystem
import TestSupport

/// A container with a veth pair to its host, and calls of `bandwidth` for it.
struct LimitedContainer: Sendable {
    let host: TestHost
    let container: TestContainer
    var version = "1.0.0"
    var network = "pn"
    var containerID = "cid1"

    /// The reference's name for this network and container.
    static let ifb = "bwp199bdba70e11"

    init() throws {
        host = try TestHost()
        container = try TestContainer()
        try pair("eth0", "veth9")
    }

    /// Makes another pair.
    func pair(_ inside: String, _ outside: String) throws {
        let peer = "peer name \(inside) netns \(container.path)"
        try host.shell("ip link add \(outside) mtu 1400 type veth \(peer); ip link set \(outside) up")
        try container.run("ip", "link", "set", inside, "up")
    }

    /// What the plugins before this one say.
    var previous: JSONValue {
        if version.isEmpty || version < "0.3" { return ["ip4": ["ip": "10.1.2.3/24"]] }
        return [
            "cniVersion": .string(version),
            "interfaces": [
                ["name": "br0"], ["name": "veth9", "mac": "02:00:00:00:00:01"],
                ["name": "eth0", "sandbox": .string(container.path)],
            ],
            "ips": [["version": "4", "address": "10.1.2.3/24", "interface": 2]],
        ]
    }

    func call(_ members: JSONObject, by directory: String = Executables.own) -> PluginCall {
        var object: JSONObject = [
            "cniVersion": .string(version), "name": .string(network), "type": "bandwidth", "prevResult": previous,
        ]
        for member in members.members { object[member.name] = member.value == .null ? nil : member.value }
        var call = PluginCall("bandwidth", .object(object), in: container)
        call.directory = directory
        call.containerID = containerID
        return call
    }

    /// 8 Mbit/s to the container with a burst of 10 kB, 16 Mbit/s from it with one of 100 kB.
    static let both: JSONObject = [
        "ingressRate": 8_000_000, "ingressBurst": 80_000, "egressRate": 16_000_000, "egressBurst": 800_000,
    ]

    /// The qdiscs of a device as tc tells of them, without those that the kernel gives by itself.
    func qdiscs(_ device: String) throws -> [String] {
        try host.run("tc", "qdisc", "show", "dev", device).split(separator: "\n")
            .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
            .map { $0.replacing(/\ ?refcnt \d+|\ ?-{4,}|\ root/, with: "") }
            .filter { !$0.hasPrefix("qdisc noqueue") && !$0.hasPrefix("qdisc pfifo_fast") }
    }

    static let ingress = "qdisc tbf 1: rate 8Mbit burst 10000b lat 25ms"
    static let egress = "qdisc tbf 1: rate 16Mbit burst 100000b lat 25ms"
    static let arrival = "qdisc ingress ffff: parent ffff:fff1"

    /// The devices that what arrives from the container is redirected to.
    func redirections() throws -> [String] {
        try host.run("tc", "filter", "show", "dev", "veth9", "parent", "ffff:")
            .matches(of: /Egress Redirect to device (\S+)\) stolen/).map { String($0.1) }
    }

    /// Whether the host is as it was before.
    func isClean() throws -> Bool {
        let (qdiscs, links) = (try qdiscs("veth9"), try host.linkNames())
        return qdiscs.isEmpty && links == ["lo", "veth9"]
    }
}
