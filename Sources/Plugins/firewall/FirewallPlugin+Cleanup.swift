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
        let owner = invocation.attachment
        let previous = try? invocation.configuration.previousResult()
        let addresses = previous?.addresses.map(\.address.address) ?? []
        let backend = (try? FirewallConfiguration.Backend(invocation.configuration)) ?? .firewalld
        var teardown = Teardown()
        var asking = Teardown()
        teardown.attempt {
            var nftables = try NftablesSocket()
            // firewalld and the reference's rules know addresses alone, and one that is another container's by now stays
            // admitted.
            let foreign = try FirewallTables.admission.foreign(addresses, to: owner, on: &nftables)
            let own = addresses.filter { !foreign.contains($0) }
            asking.attempt {
                guard var firewalld = try backend.firewalldIfRunning() else { return }
                let noted = own.isEmpty ? try FirewallTables.admission.addresses(of: owner, on: &nftables) : own
                try firewalld.remove(noted, of: invocation.configuration)
            }
            try FirewallTables.admission.removeAll(of: owner, on: &nftables)
            try FirewallTables.ports.removeAll(of: owner, on: &nftables)
            if backend == .iptables {
                try IptablesFirewall.remove(own)
            } else {
                try RulesetRemains.removeAdmission(of: own, on: &nftables)
            }
        }
        teardown.append(asking)
        teardown.attempt { try removeObsoleteIsolation(withoutDevicesOf: previous) }
        try teardown.finish()
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        var teardown = Teardown()
        teardown.attempt {
            guard var firewalld = try FirewallConfiguration.Backend(configuration).firewalldIfRunning() else { return }
            var nftables = try NftablesSocket()
            let stale = try FirewallTables.admission.addresses(
                ofNetwork: configuration.name, except: valid, on: &nftables)
            try firewalld.remove(stale, of: configuration)
        }
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

extension Firewalld {
    /// Takes addresses out of a configuration's zone, going on past errors.
    fileprivate mutating func remove(_ addresses: [IPAddress], of configuration: NetworkConfiguration) throws {
        let zone = (try? FirewallConfiguration.zone(of: configuration)) ?? FirewallConfiguration.defaultZone
        var teardown = Teardown()
        for address in addresses { teardown.attempt { try remove(address, from: zone) } }
        try teardown.finish()
    }
}
