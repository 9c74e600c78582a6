import Addressing
import CNI
import LinuxSystem
import Nftables
import NodeTable
import PacketRules
import RouteNetlink

/// Joins the containers of many hosts in one network, from one table of the hosts and without a daemon; the container's
/// own interface is left to another plugin.
@main
struct VXLANPlugin: CNIPlugin {
    static let name = "vxlan"

    static func main() { PluginMain.run(VXLANPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = invocation.configuration
        let host = try ReconciledHost(configuration)
        var rollback = Rollback(report: StandardStreams.log)
        let delegate = try host.delegate.delegate(for: configuration)
        var result = try delegate.add()
        rollback.register("delete by \(host.delegate.type)") { try delegate.delete() }
        try Interruption.check()
        let addresses = result.addresses.map(\.address)
        if host.site.configuration.masquerades {
            let masquerade = Self.masquerade(exempting: host.site.configuration.networks)
            let interface = try host.packetInput()
            let owner = invocation.attachment
            var nftables = try NftablesSocket()
            try masquerade.add(addresses, by: interface, for: owner, on: &nftables)
            rollback.register("masquerade") {
                var nftables = try NftablesSocket()
                try masquerade.remove(addresses.map(\.address), by: interface, of: owner, on: &nftables)
            }
        }
        var kernel = try RouteSocket()
        if let device = try kernel.link(named: host.site.configuration.device) {
            // Behind the others, to whose numbers addresses refer; whoever separates networks has to know it.
            result.interfaces.append(CNIResult.Interface(name: device.name, mac: device.mac.map { "\($0)" }))
        }
        try Interruption.check()
        rollback.commit()
        return result
    }

    static func masquerade(exempting networks: [CIDR] = []) -> Masquerade {
        Masquerade(table: "cni_vxlan", exempting: networks)
    }
}
