import JSON
import LinuxSystem
import TestSupport
import Testing

/// A network whose containers `bridge` attaches and `portmap` leads ports to, as a runtime would chain them.
struct PortmapNetwork: Sendable {
    var bridge: BridgeNetwork
    /// More members of `portmap`'s configuration.
    var more: JSONObject = [:]

    init() throws {
        bridge = try BridgeNetwork()
        bridge.version = "1.1.0"
        // A kernel that has bridges pass netfilter leads a container to itself by its own port.
        bridge.more["hairpinMode"] = true
        bridge.ranges = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]
    }

    /// Another network of the same host.
    func second() -> PortmapNetwork {
        var other = self
        other.bridge.name = "net2"
        other.bridge.more["bridge"] = "bridge1"
        other.bridge.ranges = [[["subnet": "10.1.3.0/24"]], [["subnet": "fd00:2::/64"]]]
        return other
    }

    var host: TestHost { bridge.host }

    /// `portmap` behind what `bridge` said; nil leaves `runtimeConfig` or the result out.
    func call(
        _ container: TestContainer?, id: String = "cid1", ports: [JSONValue]?, after attached: PluginOutcome?
    ) -> PluginCall {
        var object: JSONObject = [
            "cniVersion": .string(bridge.version), "name": .string(bridge.name), "type": "portmap",
        ]
        if let ports { object["runtimeConfig"] = ["portMappings": .array(ports)] }
        for member in more.members { object[member.name] = member.value }
        var call = PluginCall("portmap", .object(object), in: container)
        call.containerID = id
        return attached.map(call.after) ?? call
    }

    /// Attaches a container and leads ports to it.
    func attach(_ container: TestContainer, id: String = "cid1", ports: [JSONValue]) throws -> PluginOutcome {
        let attached = try bridge.call(container, id: id).run("ADD", on: host)
        guard attached.succeeded else { throw CommandFailure(description: attached.output) }
        let mapped = try call(container, id: id, ports: ports, after: attached).run("ADD", on: host)
        guard mapped.succeeded else { throw CommandFailure(description: mapped.output) }
        return mapped
    }

    /// Undoes it in the order of a chain.
    func detach(_ container: TestContainer, id: String = "cid1", ports: [JSONValue]?) throws {
        for call in [call(container, id: id, ports: ports, after: nil), bridge.call(container, id: id)] {
            let deleted = try call.run("DEL", on: host)
            guard deleted.succeeded else { throw CommandFailure(description: deleted.output) }
        }
    }

    /// What `bridge` would have said, for tests without packets.
    static let result: JSONValue = [
        "cniVersion": "1.1.0",
        "dns": ["nameservers": ["10.1.0.1"], "search": ["example.com"]],
        "interfaces": [
            ["mac": "02:00:00:00:00:01", "name": "bridge0"], ["name": "veth1"],
            ["mac": "02:00:00:00:00:02", "mtu": 1450, "name": "eth0", "sandbox": "/run/netns/blue"],
        ],
        "ips": [
            ["address": "10.1.2.1/24", "interface": 0],
            ["address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 2],
            ["address": "fd00:1::2/64", "gateway": "fd00:1::1", "interface": 2],
            ["address": "10.1.2.99/24", "interface": 2],
        ],
        "routes": [["dst": "0.0.0.0/0"], ["dst": "::/0", "gw": "fd00:1::1", "priority": 7]],
    ]

    static let outcome = PluginOutcome(ending: .exited(0), output: result.serialized(), errorOutput: [])
}

extension JSONValue {
    /// An entry of `portMappings`.
    static func port(_ hostPort: Int, to containerPort: Int, _ transport: String = "tcp", on address: String? = nil)
        -> Self
    {
        var object: JSONObject = [
            "hostPort": .number(JSONNumber(hostPort)), "containerPort": .number(JSONNumber(containerPort)),
            "protocol": .string(transport),
        ]
        if let address { object["hostIP"] = .string(address) }
        return .object(object)
    }
}
