import Addressing
import Attachments
import CNI
import LinuxSystem
import Nftables
import PacketRules
import PluginKit

/// CHECK: CNI specification, section 2.
extension FirewallPlugin {
    func check(_ invocation: Invocation) throws {
        let configuration = try FirewallConfiguration(invocation.configuration)
        let previous = try invocation.configuration.chainedResult("missing prevResult from earlier plugin")
        let isolation = try Isolation(configuration.policy, previous)
        let addresses = previous.addresses.map(\.address.address)
        var differences = Differences()
        switch configuration.backend {
        case .firewalld, .nftables:
            var nftables = try NftablesSocket()
            if var firewalld = try configuration.backend.firewalldIfRunning() {
                for address in addresses where try !firewalld.contains(address, in: configuration.zone) {
                    differences.note("\(address) is no source of firewalld's zone \(configuration.zone)")
                }
            } else {
                try inspectAdmission(of: addresses, for: invocation.attachment, &differences, on: &nftables)
            }
            if let isolation, try !isolation.isApplied(for: invocation.attachment, on: &nftables) {
                differences.note(
                    "\(isolation.devices.bridge) is not separated as ingressPolicy \(isolation.policy.rawValue) says")
            }
        case .iptables:
            var missing = try configuration.iptables.missing(of: addresses)
            if let isolation {
                missing += try configuration.iptables.missing(
                    of: isolation.policy, for: isolation.devices.bridge, Set(addresses.map(\.family)))
            }
            for rule in missing { differences.note("expected rule \(rule) not found") }
        }
        try differences.finish()
    }

    /// What the reference admits is admitted.
    private func inspectAdmission(
        of addresses: [IPAddress], for owner: Attachment, _ differences: inout Differences,
        on nftables: inout NftablesSocket
    ) throws(SystemError) {
        guard !addresses.isEmpty, try !RulesetRemains.hasAdmission(of: addresses, on: &nftables) else { return }
        if try !FirewallTables.admission.contains(addresses, for: owner, on: &nftables) {
            differences.note("Admission of \(addresses.map { "\($0)" }.joined(separator: ", ")) is missing")
        }
        for chain in try FirewallTables.admission.closedChains(on: &nftables) {
            differences.note("chain \(chain) drops what containers send")
        }
    }
}
