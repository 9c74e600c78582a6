import CNI
import ContainerLinks
import LinuxSystem
import PacketRules
import PluginKit

/// Routes to each container over a veth pair of its own, with addresses from an IPAM plugin.
@main
struct PTPPlugin: CNIPlugin {
    static let name = "ptp"

    /// What `ptp` has in nf_tables.
    static let masquerade = Masquerade(table: "cni_ptp")

    static func main() { PluginMain.run(PTPPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try PTPConfiguration(invocation.configuration)
        var attachment = try PTPAttachment(invocation, configuration)
        let pair = try attachment.makePair()
        try attachment.bringUp(pair)
        try attachment.prepareMasquerade()
        var result = try attachment.takeAddresses()

        let addresses = try result.routedAddresses()
        try attachment.assign(addresses, to: pair)
        try attachment.serve(addresses, on: pair)
        try attachment.masquerade(result, behind: pair)
        try attachment.route(pair, addresses, result)

        result.interfaces = [
            CNIResult.Interface(pair.host), CNIResult.Interface(pair.container, sandbox: invocation.namespacePath),
        ]
        if let dns = configuration.dns { result.dns = dns }
        try attachment.commit()
        return result
    }
}
