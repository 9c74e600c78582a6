import Foundation
import JSON
import LinuxSystem
import TestSupport

/// A network of `host-local` alone, with its leases in a folder of a test's own.
struct LeaseNetwork: Sendable {
    var name = "mynet"
    var version = "1.1.0"
    var ipam: JSONObject
    /// Members beside `ipam`.
    var more: JSONObject = [:]
    /// `CNI_NETNS`, which `host-local` never opens.
    var namespacePath = "/some/where"
    var arguments: String?
    var directory = Executables.own
    let files: TemporaryDirectory

    /// Whether this machine has what `host-local` tells it from other machines by.
    static var isOnKnownMachine: Bool {
        !((try? File.read("/etc/machine-id")) ?? []).isEmpty || File.isRegular("/sys/class/dmi/id/product_uuid")
    }

    init(_ ipam: JSONObject) throws {
        files = try TemporaryDirectory()
        self.ipam = ipam
        self.ipam["type"] = "host-local"
        self.ipam["dataDir"] = .string(files.path)
    }

    var configuration: JSONValue {
        var object: JSONObject = ["cniVersion": .string(version), "name": .string(name), "ipam": .object(ipam)]
        for member in more.members { object[member.name] = member.value }
        return .object(object)
    }

    /// Runs a verb, behind other words of a command line if there are any.
    @discardableResult
    func run(
        _ command: String, _ id: String = "c1", _ interface: String = "eth0", behind words: [String] = []
    ) throws -> PluginOutcome {
        var call = PluginCall("host-local", configuration)
        call.containerID = id
        call.interfaceName = interface
        call.namespacePath = namespacePath
        call.arguments = arguments
        call.directory = directory
        call.launcher = words
        return try call.run(command, on: ThisMachine())
    }

    /// The same with a list of attachments that GC keeps.
    func keeping(_ ids: [String]) -> LeaseNetwork {
        var network = self
        network.more["cni.dev/valid-attachments"] = .array(
            ids.map { ["containerID": .string($0), "ifname": "eth0"] })
        return network
    }

    func by(_ directory: String) -> LeaseNetwork {
        var network = self
        network.directory = directory
        return network
    }

    /// The addresses of the lease files.
    var leased: [String] { files.names(in: name).filter { $0 != "lock" && !$0.hasPrefix("last_reserved_ip.") } }

    func lease(_ address: String) -> String? { files.contents("\(name)/\(address)") }
}
