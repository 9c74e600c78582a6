import CNI
import ContainerLinks
import JSON
import PluginKit

/// What the configuration says about the bridge and its ports.
struct BridgeConfiguration {
    let bridge: String
    /// The bridge has the gateway's address, and this host forwards.
    let isGateway: Bool
    /// The container's default route goes by the gateway.
    let isDefaultGateway: Bool
    /// An address of another network on the bridge is replaced.
    let forcesAddress: Bool
    /// How the containers are masqueraded, if they are.
    let masquerade: ContainerMasquerade
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
    /// The host's interface that is a port as well; nil for none.
    let uplink: Uplink?
    /// Takes the place of what IPAM says.
    let dns: CNIResult.DNS?
    /// The plugin that gives addresses; nil for layer 2 alone.
    let ipam: String?

    /// - Throws: code 7 with the member that will not do.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        bridge = try configuration.bridgeName()
        try Self.checkName(bridge, "bridge")
        vlans = try VLANConfiguration(reader)
        isDefaultGateway = try reader.optional("isDefaultGateway") ?? false
        let isPlainGateway: Bool = try reader.optional("isGateway") ?? false
        isGateway = isDefaultGateway || isPlainGateway
        forcesAddress = try reader.optional("forceAddress") ?? false
        masquerade = try ContainerMasquerade(configuration, in: BridgeTables.masquerade)
        mtu = try configuration.mtu()
        isHairpin = try reader.optional("hairpinMode") ?? false
        isPromiscuous = try reader.optional("promiscMode") ?? false
        isIsolated = try reader.optional("portIsolation") ?? false
        checksSpoofing = try reader.optional("macspoofchk") ?? false
        detectsDuplicates = try reader.optional("enabledad") ?? false
        leavesContainerInterfaceDown = try reader.optional("disableContainerInterface") ?? false
        uplink = try configuration.uplink(of: bridge)
        dns = try configuration.dns()
        ipam = try configuration.ipamType()
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

    private static func checkName(_ name: String, _ what: String) throws(CNIError) {
        do throws(CNIError) {
            try Identifier.checkInterfaceName(name)
        } catch {
            throw CNIError(.invalidConfiguration, "\(what): \(error.message)", details: error.details)
        }
    }
}
