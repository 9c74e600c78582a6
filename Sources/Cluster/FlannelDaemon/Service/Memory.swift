import Addressing
import Flannel
package import JSON
import LinuxSystem

/// What was known last, on disk: by it a host that boots while the store is away forwards all the same, and its devices
/// keep their MAC addresses.
struct Memory: Hashable, Sendable {
    /// The network as an administrator wrote it; nil where it is not known yet.
    var network: ClusterNetwork?
    var subnets: NodeSubnets?
    /// Of this host's devices, for one VNI.
    var macs: [AddressFamily: MACAddress] = [:]
    var leases: [LeaseTable.Record] = []

    init() {}

    /// The file for a folder of the store, of which a host may follow several.
    static func path(in directory: String, for folder: String) -> String {
        let name = folder.drop { $0 == "/" }.flatMap { $0 == "/" ? "%2F" : $0 == "%" ? "%25" : "\($0)" }
        return "\(directory)/\(String(name)).json"
    }

    /// Reads a file; one that is not there, or not as it was written, remembers nothing.
    init(path: String) {
        guard let bytes = try? File.read(path, limit: 64 << 20), let value = try? JSONValue(parsing: bytes),
            let memory = try? Memory(reading: JSONReader(value))
        else { return }
        self = memory
    }

    func write(to path: String) throws(SystemError) {
        if let slash = path.lastIndex(of: "/") { try File.makeDirectory(String(path[..<slash]), mode: 0o700) }
        try File.replace(path, with: object.serialized(), mode: 0o600, isDurable: true)
    }

    var object: JSONObject {
        var object: JSONObject = ["version": 1]
        if let network { object["network"] = .object(network.source) }
        if let subnets { object["subnets"] = .array(subnets.all.map { .string("\($0)") }) }
        object["macs"] = .object(
            JSONObject(
                AddressFamily.allCases.compactMap { family in
                    macs[family].map { JSONObject.Member(name: "\(family)", value: .string("\($0)")) }
                }))
        object["leases"] = .array(
            leases.map { record in
                [
                    "name": .string(record.name), "value": .string(String(decoding: record.value, as: UTF8.self)),
                    "created": .number(JSONNumber(record.created)),
                ]
            })
        return object
    }
}

extension Memory: JSONReadable {
    init(reading reader: JSONReader) throws(JSONError) {
        guard try reader.required("version") == 1 else { throw reader.fail("unknown", at: "version") }
        if let source: JSONObject = try reader.optional("network") {
            network = try? ClusterNetwork(parsing: source.serialized())
        }
        subnets = NodeSubnets(try reader.optional("subnets") ?? [])
        let written: [String: MACAddress] = try reader.optional("macs") ?? [:]
        for family in AddressFamily.allCases { macs[family] = written["\(family)"] }
        leases = try reader.optional("leases") ?? []
    }
}

extension LeaseTable.Record: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        let value: String = try reader.required("value")
        self.init(
            name: try reader.required("name"), value: Array(value.utf8), created: try reader.required("created"),
            modified: 0)
    }
}
