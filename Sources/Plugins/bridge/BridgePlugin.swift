import CNI
import LinuxSystem
import PacketRules

/// Joins containers to a Linux bridge by a veth pair each, with addresses from an IPAM plugin or without any.
@main
struct BridgePlugin: CNIPlugin {
    static let name = "bridge"

    static func main() { PluginMain.run(BridgePlugin()) }

    static let masquerade = Masquerade(table: "cni_bridge")
    static let spoofCheck = SpoofCheck(table: "cni_bridge")

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try BridgeConfiguration(invocation.configuration)
        guard configuration.ipam != nil || invocation.configuration.version >= .v0_3_0 else {
            throw CNIError(.incompatibleVersion, "cannot convert: no valid IP addresses")
        }
        var attachment = try BridgeAttachment(invocation, configuration)
        let bridge = try attachment.ensureBridge()
        var (pair, result) = try attachment.connect(to: bridge)
        result.addGateways(configuration)
        let addresses = result.addresses.map(\.address)

        try attachment.configure(pair, for: result)
        let vlanGateway = try attachment.serveGateways(of: result, on: bridge)
        try attachment.masquerade(addresses)
        try attachment.announce(pair, with: addresses)

        result.interfaces = try attachment.interfaces(bridge, pair, vlanGateway)
        if let dns = configuration.dns { result.dns = dns }
        try attachment.finishIPAM()
        try attachment.commit()
        return result
    }
}
