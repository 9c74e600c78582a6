import Addressing
import CNI
import JSON

/// What the configuration says about the bridge and its ports.
struct BridgeConfiguration {
    let bridge: String
    /// The bridge has the gateway's address, and this host forwards.
    let isGateway: Bool
    /// The container's default route goes by the gateway.
    let isDefaultGateway: Bool
    /// An address of another network on the bridge is replaced.
    let forcesAddress: Bool
    let masquerades: Bool
    /// Bytes; nil for the kernel's default.
    let mtu: UInt32?
    let isHairpin: Bool
    let isPromiscuous: Bool
    /// Frames do not pass between the bridge's isolated ports.
    let isIsolated: Bool
    /// The container's interface stays down, for the container to bring up; without IPAM only.
    let leavesContainerInterfaceDown: Bool
    /// Takes the place of what IPAM says.
    let dns: CNIResult.DNS?
    /// The plugin that gives addresses; nil for layer 2 alone.
    let ipam: String?

    /// - Throws: code 7 with the member that will not do, 2 for one that this version does not have.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        bridge = try reader.optional("bridge") ?? "cni0"
        try Identifier.checkInterfaceName(bridge)
        isDefaultGateway = try reader.optional("isDefaultGateway") ?? false
        let isPlainGateway: Bool = try reader.optional("isGateway") ?? false
        isGateway = isDefaultGateway || isPlainGateway
        forcesAddress = try reader.optional("forceAddress") ?? false
        masquerades = try reader.optional("ipMasq") ?? false
        mtu = try Self.mtu(reader)
        isHairpin = try reader.optional("hairpinMode") ?? false
        isPromiscuous = try reader.optional("promiscMode") ?? false
        isIsolated = try reader.optional("portIsolation") ?? false
        leavesContainerInterfaceDown = try reader.optional("disableContainerInterface") ?? false
        dns = try Self.dns(reader)
        ipam = try Self.ipam(reader)
        guard ipam == nil || !leavesContainerInterfaceDown else {
            throw CNIError(
                .invalidConfiguration, "cannot use IPAM when DisableContainerInterface flag is set")
        }
        guard !isHairpin || !isPromiscuous else {
            throw CNIError(
                .invalidConfiguration, "cannot set hairpin mode and promiscuous mode at the same time")
        }
        try Self.refuseUnsupported(reader)
    }

    /// The IPAM plugin's name, which is all that a teardown needs to know.
    static func ipam(_ reader: JSONReader) throws(JSONError) -> String? {
        let type: String? = try reader.optional("ipam", as: JSONReader.self)?.optional("type")
        return type.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The MAC address that the container's interface is to have.
    ///
    /// - Throws: for text that is none, and for a group's address, which no interface can have.
    static func mac(_ invocation: Invocation) throws -> MACAddress? {
        let fromArguments = try invocation.arguments.values(knowing: ["MAC"])["MAC"]
        let configuration = invocation.configuration
        for source in [try configuration.runtimeConfiguration(), try configuration.conventionalArguments()] {
            if let mac: MACAddress = try source?.optional("mac") { return try unicast(mac) }
        }
        guard let fromArguments, !fromArguments.isEmpty else { return nil }
        guard let mac = MACAddress(fromArguments) else {
            throw CNIError(
                .invalidEnvironment, "CNI_ARGS: expected MAC to be an address such as 02:00:00:00:00:01",
                details: fromArguments)
        }
        return try unicast(mac)
    }

    private static func unicast(_ mac: MACAddress) throws(CNIError) -> MACAddress {
        guard !mac.isMulticast, !mac.isZero else {
            throw CNIError(.invalidConfiguration, "MAC address \(mac) is not one that an interface can have")
        }
        return mac
    }

    /// What the kernel lets a veth have.
    private static let mtuRange: ClosedRange<UInt32> = 68...65535

    private static func mtu(_ reader: JSONReader) throws -> UInt32? {
        guard let mtu: UInt32 = try reader.optional("mtu"), mtu != 0 else { return nil }
        guard mtuRange.contains(mtu) else {
            throw CNIError(
                .invalidConfiguration,
                "mtu: expected a number from \(mtuRange.lowerBound) to \(mtuRange.upperBound), got \(mtu)")
        }
        return mtu
    }

    private static func dns(_ reader: JSONReader) throws -> CNIResult.DNS? {
        guard let object: JSONObject = try reader.optional("dns") else { return nil }
        // An empty list counts: it takes away what IPAM says.
        let isGiven = ["nameservers", "domain", "search", "options"].contains { object[$0] ?? .null != .null }
        return isGiven ? try reader.required("dns") : nil
    }

    /// Going on without what was asked for would leave containers less apart than their owner believes.
    private static func refuseUnsupported(_ reader: JSONReader) throws {
        let inactive: [String: [JSONValue]] = [
            "vlan": [0], "vlanTrunk": [], "macspoofchk": [false], "enabledad": [false],
            "ipMasqBackend": ["nftables"],
        ]
        for (name, values) in inactive.sorted(by: { $0.key < $1.key }) {
            guard let value = try reader.optional(name, as: JSONValue.self), !values.contains(value) else { continue }
            throw CNIError(.unsupportedField, "\(name): \(value) is not supported by this version of the plugin")
        }
    }
}
