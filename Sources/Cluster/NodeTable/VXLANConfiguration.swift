package import Addressing
package import JSON
import LinuxSystem
import Overlay

/// What the configuration says about the overlay.
package struct VXLANConfiguration: JSONReadable {
    /// The overlay's ranges, at least one.
    package let networks: [CIDR]
    let table: TableSource
    /// The name or public address of the node that this host is; nil to find it out.
    let ownNode: String?
    let vni: UInt32
    let port: UInt16
    /// The name of the VXLAN device.
    package let device: String
    /// The underlay's interface; nil for the one with this node's public address.
    let underlay: String?
    /// Bytes; nil for as much as the underlay leaves.
    let mtu: UInt32?
    package let mode: Mode
    /// The bridge that a segment hangs on, which is the containers'; nil in routed mode.
    package let bridge: String?
    let checksumOffload: ChecksumPolicy
    /// Whether what leaves the networks gets this host's address.
    package let masquerades: Bool

    /// What joins the hosts' containers: routes, or one link for all.
    package enum Mode: Hashable, Sendable {
        /// Peers on the same link may be routed to without encapsulation.
        case routed(isDirect: Bool)
        /// Broadcast goes to a group, or else to every peer.
        case segment(group: IPAddress?)

        package var isRouted: Bool {
            if case .routed = self { true } else { false }
        }
    }

    /// Where the table of nodes is.
    enum TableSource {
        case list([JSONReader])
        case file(String)

        /// Bytes, room for some ten thousand nodes.
        private static let sizeLimit = 16 << 20

        /// - Throws: an error with the place of what is no list.
        func entries() throws(JSONError) -> [JSONReader] {
            switch self {
            case .list(let entries): return entries
            case .file(let path):
                let bytes: [UInt8]
                do throws(SystemError) {
                    bytes = try File.read(path, limit: Self.sizeLimit)
                } catch {
                    throw JSONError(message: error.cause)
                }
                return try [JSONReader](reading: JSONReader(try JSONValue(parsing: bytes)))
            }
        }
    }

    /// Reads a configuration, without the file of its table.
    ///
    /// - Throws: an error with the member that will not do.
    package init(reading reader: JSONReader) throws(JSONError) {
        networks = try Self.networks(reader)
        table = try Self.table(reader)
        ownNode = try reader.optional("node")
        vni = try Self.number(reader, "vni", in: 1...0xff_ffff) ?? 1
        port = UInt16(
            truncatingIfNeeded: try Self.number(reader, "port", in: 1...65535) ?? UInt32(VXLANDevice.defaultPort))
        device = try Self.interfaceName(reader, "device") ?? "vxlan.\(vni)"
        underlay = try Self.interfaceName(reader, "iface")
        let least: UInt32 = networks.contains { $0.family == .v6 } ? 1280 : 68
        mtu = try Self.number(reader, "mtu", in: least...65535)
        mode = try Self.mode(reader)
        let bridge = try Self.bridge(reader)
        for (member, other) in [("iface", underlay), ("bridge", bridge)] where other == device {
            throw reader.fail("\"\(device)\" is the \(member) already; a VXLAN is a device of its own", at: "device")
        }
        self.bridge = mode.isRouted ? nil : bridge
        checksumOffload = try reader.optional("checksumOffload") ?? .auto
        masquerades = try reader.optional("ipMasq") ?? false
    }

    private static func networks(_ reader: JSONReader) throws(JSONError) -> [CIDR] {
        let networks = try reader.required("network", as: OneOrMore<CIDR>.self).elements
        guard !networks.isEmpty else { throw reader.fail("expected at least one network", at: "network") }
        for (index, network) in networks.enumerated() {
            if let other = networks[..<index].first(where: network.overlaps) {
                throw reader.fail("\(network) overlaps \(other)", at: "network")
            }
            guard !network.isDefault, !network.overlaps(.multicast(network.family)) else {
                throw reader.fail(
                    "expected a network that containers can have addresses of, got \(network)", at: "network")
            }
        }
        return networks
    }

    private static func table(_ reader: JSONReader) throws(JSONError) -> TableSource {
        let list: [JSONReader]? = try reader.optional("nodes")
        let file: String? = try reader.optional("nodesFile")
        switch (list, file) {
        case (let list?, nil): return .list(list)
        case (nil, let file?): return .file(file)
        default: throw reader.fail("expected exactly one of nodes and nodesFile")
        }
    }

    private static func interfaceName(_ reader: JSONReader, _ member: String) throws(JSONError) -> String? {
        guard let name: String = try reader.optional(member) else { return nil }
        if let fault = InterfaceName.fault(of: name) { throw reader.fail("\(fault)", at: member) }
        return name
    }

    /// Where the table is, for error texts; nil where it is in the configuration itself.
    package var nodesFile: String? {
        if case .file(let path) = table { path } else { nil }
    }

    private static func number(
        _ reader: JSONReader, _ name: String, in range: ClosedRange<UInt32>
    ) throws(JSONError) -> UInt32? {
        guard let number: Int64 = try reader.optional(name) else { return nil }
        guard let value = UInt32(exactly: number), range.contains(value) else {
            throw reader.fail(
                "expected a number from \(range.lowerBound) to \(range.upperBound), got \(number)", at: name)
        }
        return value
    }

    /// As the delegate finds it: what `delegate` says goes first, and what is no name leaves its default.
    private static func bridge(_ reader: JSONReader) throws(JSONError) -> String {
        let delegate: JSONObject? = try reader.optional("delegate")
        let own: JSONValue? = try reader.optional("bridge")
        return (delegate?.value(ofExactly: "bridge") ?? own ?? delegate?["bridge"])?.string ?? "cni0"
    }

    private static func mode(_ reader: JSONReader) throws(JSONError) -> Mode {
        let isDirect: Bool = try reader.optional("directRouting") ?? false
        let group: IPAddress? = try reader.optionalAddress("group")
        switch try reader.optional("mode") ?? "routed" {
        case "routed":
            guard group == nil else {
                throw reader.fail("only mode \"segment\" has broadcast to send to a group", at: "group")
            }
            return .routed(isDirect: isDirect)
        case "segment":
            guard !isDirect else {
                throw reader.fail("only mode \"routed\" has routes", at: "directRouting")
            }
            if let group, !group.isMulticast {
                throw reader.fail("expected a multicast address, got \(group)", at: "group")
            }
            return .segment(group: group)
        case let other:
            throw reader.fail("expected \"routed\" or \"segment\", got \"\(other)\"", at: "mode")
        }
    }
}
