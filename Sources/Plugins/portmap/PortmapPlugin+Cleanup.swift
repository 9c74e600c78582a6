import Attachments
import CNI
import LinuxSystem
import Nftables
import PacketRules

/// DEL and GC, which need no more than to know whose the ports are, and go on past errors.
extension PortmapPlugin {
    func delete(_ invocation: Invocation) throws {
        let attachment = invocation.attachment
        let usesIptables = PortmapConfiguration.usesIptables(invocation.configuration)
        var removed = portsByConfiguration(invocation)
        var teardown = Teardown()
        teardown.attempt {
            var nftables = try NftablesSocket()
            removed += try PortRules.forwarding.remove(of: attachment, on: &nftables)
            try RulesetRemains.removePorts(of: attachment, on: &nftables)
            if !usesIptables { try RulesetRemains.removeIptablesPorts(of: attachment, on: &nftables) }
        }
        if usesIptables {
            teardown.attempt { removed += try IptablesPortForwarding(attachment).remove() }
        }
        // Not before the rules are gone, by which the next packet would begin the same connection.
        PortConnections.end(to: removed)
        try teardown.finish()
    }

    /// What the configuration still says of the ports, which is all that is known of those that the reference led.
    private func portsByConfiguration(_ invocation: Invocation) -> [PortForward] {
        guard let configuration = try? PortmapConfiguration(invocation.configuration),
            let previous = try? invocation.configuration.previousResult()
        else { return [] }
        let addresses = previous.addresses(ofContainersInterface: invocation.interfaceName)
        return (try? configuration.ports(leadingTo: addresses)) ?? []
    }

    func collectGarbage(_ configuration: NetworkConfiguration, keeping valid: Set<Attachment>) throws {
        var removed: [PortForward] = []
        var teardown = Teardown()
        teardown.attempt {
            var nftables = try NftablesSocket()
            removed += try PortRules.forwarding.removeAll(ofNetwork: configuration.name, except: valid, on: &nftables)
        }
        if PortmapConfiguration.usesIptables(configuration) {
            teardown.attempt {
                removed += try IptablesPortForwarding.removeAll(ofNetwork: configuration.name, except: valid)
            }
        }
        PortConnections.end(to: removed)
        try teardown.finish()
    }
}
