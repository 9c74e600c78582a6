import Addressing
import Attachments
import CNI
import LinuxSystem
import Nftables
import PacketRules
import PluginKit
import RouteNetlink

/// DEL and GC, which go on past errors; DEL needs neither a valid configuration nor the previous result.
extension FirewallPlugin {
    func delete(_ invocation: Invocation) throws {
        let previous = try? invocation.configuration.previousResult()
        let addresses = previous?.addresses.map(\.address.address) ?? []
        var teardown = Teardown()
        teardown.attempt {
            var nftables = try NftablesSocket()
            // The reference's rules know addresses alone, and one that is another container's by now stays admitted.
            let foreign = try FirewallTables.admission.foreign(addresses, to: invocation.attachment, on: &nftables)
            let own = addresses.filter { !foreign.contains($0) }
            try FirewallTables.admission.removeAll(of: invocation.attachment, on: &nftables)
            try FirewallTables.ports.removeAll(of: invocation.attachment, on: &nftables)
            if try FirewallConfiguration.Backend(invocation.configuration) == .iptables {
                try IptablesFirewall.remove(own)
            } else {
                try RulesetRemains.removeAdmission(of: own, on: &nftables)
            }
        }
        teardown.attempt { try removeObsoleteIsolation(withoutDevicesOf: previous) }
        try teardown.finish()
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        var teardown = Teardown()
        teardown.attempt {
            var nftables = try NftablesSocket()
            try FirewallTables.admission.removeAll(ofNetwork: configuration.name, except: valid, on: &nftables)
            try FirewallTables.ports.removeAll(ofNetwork: configuration.name, except: valid, on: &nftables)
        }
        teardown.attempt { try removeObsoleteIsolation() }
        try teardown.finish()
    }

    /// Forgets devices that are gone, and a container's own end of a pair, which goes with it.
    private func removeObsoleteIsolation(withoutDevicesOf result: CNIResult? = nil) throws(SystemError) {
        let own = result?.interfaces.filter(\.isOnHost).map(\.name) ?? []
        var nftables = try NftablesSocket()
        var host = try RouteSocket()
        try FirewallTables.networks.removeObsolete(on: &nftables) { (name) throws(SystemError) in
            guard let link = try host.link(named: name) else { return true }
            return own.contains(name) && link.kind.name == "veth"
        }
    }
}
