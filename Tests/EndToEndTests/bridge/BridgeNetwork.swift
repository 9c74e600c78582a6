import JSON
import LinuxSystem
import TestSupport

/// A host with a network configuration for `bridge` and `host-local`, leases in the host's own folder.
struct BridgeNetwork: Sendable {
    let host: TestHost
    var name = "net1"
    var version = "1.0.0"
    var ranges: [JSONValue] = [[["subnet": "10.1.2.0/24"]]]
    /// More members, or others, of the configuration; null takes one away.
    var more: JSONObject = ["isDefaultGateway": true]
    var ipamMore: JSONObject = [:]

    init() throws {
        host = try TestHost()
    }

    var configuration: JSONValue {
        var ipam: JSONObject = [
            "type": "host-local", "dataDir": .string(leases), "ranges": .array(ranges),
        ]
        for member in ipamMore.members { ipam[member.name] = member.value }
        var object: JSONObject = [
            "cniVersion": .string(version), "name": .string(name), "type": "bridge", "bridge": "bridge0",
            "ipam": .object(ipam),
        ]
        for member in more.members { object[member.name] = member.value == .null ? nil : member.value }
        return .object(object)
    }

    /// The lease store's root.
    var leases: String { "\(host.directory.path)/networks" }

    /// The addresses that are leased, sorted.
    var leasedAddresses: [String] {
        host.directory.names(in: "networks/\(name)").filter {
            $0.first?.isHexDigit == true && $0 != "lock" && !$0.hasPrefix("last")
        }
    }

    /// Puts a plugin that is a shell script of some lines where it is found before others, as `ipam.type`.
    mutating func useIPAM(_ script: String) throws -> [String] {
        ipamMore["type"] = "test-ipam"
        return try host.installPlugin("test-ipam", script)
    }

    func call(_ container: TestContainer?, id: String = "cid1") -> PluginCall {
        var call = PluginCall("bridge", configuration, in: container)
        call.containerID = id
        return call
    }

    /// What a host has after a network was used and all its containers are gone.
    func isClean() throws -> Bool {
        try host.linkNames().allSatisfy { $0 == "lo" || $0 == "bridge0" } && leasedAddresses.isEmpty
            && host.ruleset().isEmpty
    }
}

extension PluginOutcome {
    /// The name of the interface at a place in a result.
    func interface(_ index: Int) -> JSONObject? {
        guard let interfaces = json.object?["interfaces"]?.array, interfaces.indices.contains(index) else { return nil }
        return interfaces[index].object
    }
}

extension BridgeNetwork {
    /// The configuration as GC gets it, with the containers whose `eth0` is valid.
    func configuration(keeping containerIDs: [String]) -> JSONValue {
        guard case .object(var object) = configuration else { return configuration }
        object["cni.dev/valid-attachments"] = .array(
            containerIDs.map { ["containerID": .string($0), "ifname": "eth0"] })
        return .object(object)
    }
}
