import JSON
import TestSupport
import Testing

/// A network of `bridge` and, chained behind it, `firewall`.
struct FirewallNetwork: Sendable {
    var bridge: BridgeNetwork
    /// Members of the firewall's configuration.
    var more: JSONObject = [:]
    var directory = Executables.own
    /// The address of the bus that firewalld is looked for on; nil where there is none.
    var systemBus: String?

    init() throws {
        bridge = try BridgeNetwork()
        bridge.version = "1.1.0"
        bridge.ranges = [[["subnet": "10.1.0.0/24"]], [["subnet": "fd00:1::/64"]]]
    }

    var host: TestHost { bridge.host }

    /// Another network on the same host, with its own bridge and subnets.
    func beside(number: Int) -> FirewallNetwork {
        var other = self
        other.bridge.name = "net\(number)"
        other.bridge.more["bridge"] = .string("bridge\(number)")
        other.bridge.ranges = ["10.\(number).0.0/24", "fd00:\(number)::/64"].map { [["subnet": .string($0)]] }
        return other
    }

    /// The firewall's part of the chain.
    func firewall(_ container: TestContainer?, id: String = "cid1") -> PluginCall {
        var object: JSONObject = [
            "cniVersion": .string(bridge.version), "name": .string(bridge.name), "type": "firewall",
        ]
        for member in more.members { object[member.name] = member.value }
        var call = PluginCall("firewall", .object(object), in: container)
        call.containerID = id
        call.directory = directory
        if let systemBus { call.systemBus = systemBus }
        return call
    }

    /// Attaches a container, the bridge first.
    ///
    /// - Returns: the firewall's result.
    @discardableResult
    func attach(_ container: TestContainer, id: String = "cid1") throws -> PluginOutcome {
        let bridged = try bridge.call(container, id: id).run("ADD", on: host)
        try #require(bridged.succeeded, "\(bridged.output)")
        let added = try firewall(container, id: id).after(bridged).run("ADD", on: host)
        try #require(added.succeeded, "\(added.output)")
        return added
    }

    /// Lets it go again, the firewall first.
    func detach(_ container: TestContainer, id: String = "cid1", _ added: PluginOutcome) throws {
        let left = try firewall(container, id: id).after(added).run("DEL", on: host)
        try #require(left.succeeded, "\(left.output)")
        let deleted = try bridge.call(container, id: id).after(added).run("DEL", on: host)
        try #require(deleted.succeeded, "\(deleted.output)")
    }
}

extension TestHost {
    /// The rules of iptables' table `filter` in both families, but for policies.
    func filterRules() throws -> [String] {
        try ["iptables", "ip6tables"].flatMap { program in
            try run(program, "-S").split(separator: "\n").map(String.init).filter { !$0.hasPrefix("-P ") }
        }
    }
}
