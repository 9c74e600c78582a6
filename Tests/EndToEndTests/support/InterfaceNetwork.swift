import JSON
import LinuxSystem
import TestSupport

/// A host with a network configuration for an interface plugin and `host-local`, leases in the host's own folder.
struct InterfaceNetwork: Sendable {
    let plugin: String
    let host: TestHost
    var name = "net1"
    var version = "1.1.0"
    var ranges: [JSONValue] = [[["subnet": "10.1.2.0/24"]]]
    /// More members, or others, of the configuration; null takes one away.
    var more: JSONObject
    var ipamMore: JSONObject = [:]

    /// One address of each family, and a default route.
    static let dualStack: [JSONValue] = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]

    init(_ plugin: String, _ more: JSONObject = [:]) throws {
        self.plugin = plugin
        self.more = more
        host = try TestHost()
    }

    var configuration: JSONValue {
        var ipam: JSONObject = ["type": "host-local", "dataDir": .string(leases), "ranges": .array(ranges)]
        for member in ipamMore.members { ipam[member.name] = member.value == .null ? nil : member.value }
        var object: JSONObject = [
            "cniVersion": .string(version), "name": .string(name), "type": .string(plugin), "ipam": .object(ipam),
        ]
        for member in more.members { object[member.name] = member.value == .null ? nil : member.value }
        return .object(object)
    }

    /// The configuration as GC gets it, with the containers whose `eth0` is valid.
    func configuration(keeping containerIDs: [String]) -> JSONValue {
        guard case .object(var object) = configuration else { return configuration }
        object["cni.dev/valid-attachments"] = .array(
            containerIDs.map { ["containerID": .string($0), "ifname": "eth0"] })
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

    func call(_ container: TestContainer?, id: String = "cid1") -> PluginCall {
        var call = PluginCall(plugin, configuration, in: container)
        call.containerID = id
        return call
    }

    /// Runs a verb with a container.
    func run(_ verb: String, _ container: TestContainer?, id: String = "cid1") throws -> PluginOutcome {
        try call(container, id: id).run(verb, on: host)
    }

    /// Attaches a container.
    ///
    /// - Throws: what the plugin said when it failed.
    @discardableResult
    func add(_ container: TestContainer, id: String = "cid1") throws -> PluginOutcome {
        let added = try run("ADD", container, id: id)
        guard added.succeeded else { throw CommandFailure(description: "\(added.output)\(added.errorOutput)") }
        return added
    }

    /// Puts a plugin that is a shell script of some lines where it is found before others, as `ipam.type`.
    mutating func useIPAM(_ script: String) throws -> [String] {
        ipamMore["type"] = "test-ipam"
        return try host.installPlugin("test-ipam", script)
    }
}

extension TestHost {
    /// Puts a plugin that is a shell script of some lines into a folder of the host's own.
    ///
    /// - Returns: the folder, to look in before others.
    func installPlugin(_ name: String, _ script: String) throws -> [String] {
        try directory.writeExecutable("bin/\(name)", "#!/bin/sh\n\(script)\n")
        return ["\(directory.path)/bin"]
    }
}
