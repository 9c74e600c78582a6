package import Addressing
package import JSON
package import LinuxSystem

/// What a daemon tells of its network, for people and for programs that explain: a file beside `subnet.env`.
///
/// Nothing needs it: it may be late by seconds, and a later release may tell more.
package struct NetworkAccount: Hashable, Sendable {
    /// How packets get from host to host.
    package var backend: String
    /// Why this host is not in step with the network; nil when it is.
    package var fault: String?
    /// The names of this host's devices.
    package var devices: [String]
    /// The other hosts and this one.
    package var hosts: [Host]

    /// A host by its lease.
    package struct Host: Hashable, Sendable {
        package var isOwn: Bool
        package var subnet: CIDR
        /// Where the others send packets for the subnet; nil where its lease tells none.
        package var publicIP: IPAddress?
        /// Of its device; nil where it has none.
        package var mac: MACAddress?
        /// Why it is left out; nil for one that is routed to.
        package var fault: String?

        package init(isOwn: Bool, subnet: CIDR, publicIP: IPAddress?, mac: MACAddress?, fault: String?) {
            self.isOwn = isOwn
            self.subnet = subnet
            self.publicIP = publicIP
            self.mac = mac
            self.fault = fault
        }
    }

    package init(backend: String, fault: String?, devices: [String], hosts: [Host]) {
        self.backend = backend
        self.fault = fault
        self.devices = devices
        self.hosts = hosts
    }

    /// Where the daemon of a `subnet.env` writes it.
    package static func path(besides subnetFile: String) -> String { "\(subnetFile).json" }

    /// - Throws: `SystemError` when it cannot be read, `JSONError` when it is none.
    package init(path: String) throws {
        try self.init(reading: JSONReader(try JSONValue(parsing: try File.read(path, limit: 64 << 20)), path: path))
    }

    package func write(to path: String) throws(SystemError) {
        try File.replace(path, with: object.serialized(), mode: 0o644)
    }

    private var object: JSONObject {
        [
            "version": 1, "backend": .string(backend), "fault": fault.map { .string($0) } ?? .null,
            "devices": .array(devices.map { .string($0) }),
            "hosts": .array(
                hosts.map { host in
                    [
                        "own": .bool(host.isOwn), "subnet": .string("\(host.subnet)"),
                        "publicIP": host.publicIP.map { .string("\($0)") } ?? .null,
                        "mac": host.mac.map { .string("\($0)") } ?? .null,
                        "fault": host.fault.map { .string($0) } ?? .null,
                    ]
                }),
        ]
    }
}

extension NetworkAccount: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self.init(
            backend: try reader.required("backend"), fault: try reader.optional("fault"),
            devices: try reader.required("devices"), hosts: try reader.required("hosts"))
    }
}

extension NetworkAccount.Host: JSONReadable {
    package init(reading reader: JSONReader) throws(JSONError) {
        self.init(
            isOwn: try reader.required("own"), subnet: try reader.required("subnet"),
            publicIP: try reader.optional("publicIP"), mac: try reader.optional("mac"),
            fault: try reader.optional("fault"))
    }
}
