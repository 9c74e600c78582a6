import JSON
import LinuxSystem
import TestSupport

/// A host with a network of `flannel`, the daemon's file and all state in the host's own folder.
struct FlannelNetwork: Sendable {
    let host: TestHost
    var name = "cbr0"
    var version = "1.0.0"
    var delegate: JSONObject = ["hairpinMode": true, "isDefaultGateway": true]
    /// More members, or others, of the configuration; null takes one away.
    var more: JSONObject = [:]

    init() throws {
        host = try TestHost()
        try writeSubnets("10.244.5.1/24")
    }

    var configuration: JSONValue {
        var object: JSONObject = [
            "cniVersion": .string(version), "name": .string(name), "type": "flannel",
            "subnetFile": .string("\(host.directory.path)/run/subnet.env"),
            "dataDir": .string("\(host.directory.path)/flannel"), "delegate": .object(delegate),
            "ipam": ["dataDir": .string("\(host.directory.path)/networks")],
        ]
        for member in more.members { object[member.name] = member.value == .null ? nil : member.value }
        return .object(object)
    }

    /// Does what the daemon does.
    func writeSubnets(_ subnet: String?, _ subnet6: String? = nil, masquerading: Bool = true) throws {
        var lines: [String] = []
        if let subnet { lines += ["FLANNEL_NETWORK=10.244.0.0/16", "FLANNEL_SUBNET=\(subnet)"] }
        if let subnet6 { lines += ["FLANNEL_IPV6_NETWORK=fc00::/48", "FLANNEL_IPV6_SUBNET=\(subnet6)"] }
        try writeFile(lines + ["FLANNEL_MTU=1400", "FLANNEL_IPMASQ=\(masquerading)"])
    }

    func writeFile(_ lines: [String]) throws {
        try host.directory.write("run/subnet.env", lines.map { $0 + "\n" }.joined())
    }

    func removeSubnets() throws { try File.remove("\(host.directory.path)/run/subnet.env") }

    func call(_ container: TestContainer?, id: String = "cid1", interface: String = "eth0") -> PluginCall {
        var call = PluginCall("flannel", configuration, in: container)
        call.containerID = id
        call.interfaceName = interface
        return call
    }

    /// The saved configurations: the reference's, then those of each attachment.
    var saved: [String] {
        host.directory.names(in: "flannel").filter { !$0.hasPrefix(".") }
            + host.directory.names(in: "flannel/.\(name)")
    }

    /// The addresses that are leased, sorted.
    var leased: [String] {
        host.directory.names(in: "networks/\(name)").filter {
            $0.first?.isHexDigit == true && $0 != "lock" && !$0.hasPrefix("last")
        }
    }

    /// What a host has after its containers are gone.
    func isClean() throws -> Bool {
        try host.linkNames().allSatisfy { $0 == "lo" || $0 == "cni0" } && leased.isEmpty && saved.isEmpty
            && host.ruleset().isEmpty
    }
}
