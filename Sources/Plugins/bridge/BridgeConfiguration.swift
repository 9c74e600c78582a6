import Addressing
import CNI
import ContainerLinks
import JSON
import PacketRules

/// What the configuration says about the bridge and its ports.
struct BridgeConfiguration {
    let bridge: String
    /// The bridge has the gateway's address, and this host forwards.
    let isGateway: Bool
    /// The container's default route goes by the gateway.
    let isDefaultGateway: Bool
    /// An address of another network on the bridge is replaced.
    let forcesAddress: Bool
    /// How the containers are masqueraded; nil when they are not.
    let masquerade: MasqueradeBackend?
    /// Bytes; nil for the kernel's default.
    let mtu: UInt32?
    let isHairpin: Bool
    let isPromiscuous: Bool
    /// Frames do not pass between the bridge's isolated ports.
    let isIsolated: Bool
    /// The container's interface stays down, for the container to bring up; without IPAM only.
    let leavesContainerInterfaceDown: Bool
    /// Frames from a container under another MAC address than its own are dropped.
    let checksSpoofing: Bool
    /// Duplicate address detection runs before the container's IPv6 addresses are used.
    let detectsDuplicates: Bool
    let vlans: VLANConfiguration?
    /// Takes the place of what IPAM says.
    let dns: CNIResult.DNS?
    /// The plugin that gives addresses; nil for layer 2 alone.
    let ipam: String?

    /// What masquerades containers.
    enum MasqueradeBackend: String {
        case nftables
        case iptables
    }

    /// - Throws: code 7 with the member that will not do.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        bridge = try reader.optional("bridge") ?? "cni0"
        try Self.checkName(bridge, "bridge")
        vlans = try VLANConfiguration(reader)
        isDefaultGateway = try reader.optional("isDefaultGateway") ?? false
        let isPlainGateway: Bool = try reader.optional("isGateway") ?? false
        isGateway = isDefaultGateway || isPlainGateway
        forcesAddress = try reader.optional("forceAddress") ?? false
        masquerade = try Self.masquerade(reader)
        mtu = try Self.mtu(reader)
        isHairpin = try reader.optional("hairpinMode") ?? false
        isPromiscuous = try reader.optional("promiscMode") ?? false
        isIsolated = try reader.optional("portIsolation") ?? false
        checksSpoofing = try reader.optional("macspoofchk") ?? false
        detectsDuplicates = try reader.optional("enabledad") ?? false
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
        if let gatewayInterface {
            try Self.checkName(gatewayInterface, "vlan: the gateway's interface \(gatewayInterface)")
        }
    }

    /// The interface that has the gateway's address where containers are in a VLAN: `cni0.100`.
    var gatewayInterface: String? {
        guard isGateway, let vlan = vlans?.vlan else { return nil }
        return VLANGateway.name(bridge: bridge, vlan: vlan)
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

    private static func checkName(_ name: String, _ what: String) throws(CNIError) {
        do throws(CNIError) {
            try Identifier.checkInterfaceName(name)
        } catch {
            throw CNIError(.invalidConfiguration, "\(what): \(error.message)", details: error.details)
        }
    }

    private static func masquerade(_ reader: JSONReader) throws -> MasqueradeBackend? {
        // Read even where it does not matter, so that a wrong one is seen before it does.
        let name = try reader.optional("ipMasqBackend") ?? MasqueradeBackend.nftables.rawValue
        guard let backend = MasqueradeBackend(rawValue: name) else {
            throw CNIError(
                .invalidConfiguration, "unknown ipmasq backend \"\(name)\"", details: "expected nftables or iptables")
        }
        return try reader.optional("ipMasq") ?? false ? backend : nil
    }

    /// - Throws: code 7 when the addresses are more than the MTU allows.
    func requireSufficientMTU(for addresses: [InterfaceAddress]) throws(CNIError) {
        guard let mtu, mtu < Self.smallestIPv6MTU, addresses.contains(where: { $0.address.family == .v6 }) else {
            return
        }
        throw CNIError(
            .invalidConfiguration,
            "mtu: expected \(Self.smallestIPv6MTU) or more, which IPv6 needs (RFC 8200, section 5), got \(mtu)")
    }

    private static let smallestIPv6MTU: UInt32 = 1280

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
}
