import Attachments
import LinuxSystem
import Nftables
import PacketRules
import PluginKit

/// The rules that lead ports to the container of an attachment, by whichever backend the configuration names.
struct PortRules {
    /// What the plugin has in nf_tables.
    static let forwarding = PortForwarding(table: "cni_portmap")

    let attachment: Attachment
    let configuration: PortmapConfiguration

    /// Makes all rules or none.
    func add(_ ports: [PortForward]) throws(SystemError) {
        switch configuration.backend {
        case .nftables:
            do throws(SystemError) {
                var nftables = try NftablesSocket()
                try Self.forwarding.add(ports, for: attachment, on: &nftables)
            } catch {
                // The kernel may have made them all the same, and only its answer was lost.
                if error.code != .addressInUse { try? remove() }
                throw error
            }
        case .iptables(let options):
            try IptablesPortForwarding(attachment, options).add(ports, listing: configuration.hostPorts)
        }
    }

    /// Removes what adding has made.
    func remove() throws(SystemError) {
        switch configuration.backend {
        case .nftables:
            var nftables = try NftablesSocket()
            _ = try Self.forwarding.remove(of: attachment, on: &nftables)
        case .iptables(let options): _ = try IptablesPortForwarding(attachment, options).remove()
        }
    }

    /// Looks whether the ports lead to the container, by the rules of this suite or by those of the reference.
    func inspect(_ ports: [PortForward], _ differences: inout Differences) throws(SystemError) {
        switch configuration.backend {
        case .nftables:
            var nftables = try NftablesSocket()
            let missing = try Self.forwarding.missing(of: ports, for: attachment, on: &nftables)
            let families = Set(ports.map(\.family))
            if missing == ports, try RulesetRemains.hasPorts(of: attachment, families, on: &nftables) { return }
            for port in missing { differences.note("\(port) is missing in table inet cni_portmap") }
            if try !Self.forwarding.isWhole(on: &nftables) {
                differences.note("the chains of table inet cni_portmap have been changed")
            }
        case .iptables(let options):
            let rules = IptablesPortForwarding(attachment, options)
            for text in try rules.differences(ports, listing: configuration.hostPorts) { differences.note(text) }
        }
    }
}
