import CNI
import LinuxSystem
import PluginKit

/// Joins containers to a Linux bridge by a veth pair each, with addresses from an IPAM plugin or without any.
@main
struct BridgePlugin: CNIPlugin {
    static let name = "bridge"

    static func main() { PluginMain.run(BridgePlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try BridgeConfiguration(invocation.configuration)
        var attachment = try BridgeAttachment(invocation, configuration)
        let bridge = try attachment.ensureBridge()
        try attachment.startIPAM()
        let pair = try attachment.makePair(on: bridge)
        try attachment.joinUplink(to: bridge, beside: pair)
        try attachment.askIPAM()
        try attachment.checkSpoofing(by: pair)
        try attachment.bringUp(pair)
        try attachment.prepareMasquerade()
        var result = try attachment.takeAddresses()

        try attachment.configure(pair, for: result)
        let vlanGateway = try attachment.serveGateways(of: result, on: bridge)
        try attachment.masquerade(result, behind: bridge, vlanGateway)
        try attachment.announce(pair, with: result)

        result.interfaces = try attachment.interfaces(bridge, pair, vlanGateway)
        if let dns = configuration.dns { result.dns = dns }
        try attachment.commit()
        return result
    }
}
