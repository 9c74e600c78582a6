import Addressing
import Attachments
import CNI
import LinuxSystem
import Nftables
import PacketRules

/// Admits a container's traffic where this host drops what it forwards, and separates networks from each other.
@main
struct FirewallPlugin: CNIPlugin {
    static let name = "firewall"

    static func main() { PluginMain.run(FirewallPlugin()) }

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try FirewallConfiguration(invocation.configuration)
        let result = try invocation.configuration.chainedResult("missing prevResult from earlier plugin")
        let isolation = try Isolation(configuration.policy, result)
        var rollback = Rollback(report: StandardStreams.log)
        let addresses = result.addresses.map(\.address.address)
        let owner = invocation.attachment
        switch configuration.backend {
        case .firewalld, .nftables:
            var nftables = try NftablesSocket()
            if var firewalld = try configuration.backend.firewalldIfRunning() {
                try firewalld.admit(addresses, of: owner, in: configuration.zone, &rollback, on: &nftables)
            } else {
                try FirewallTables.admission.add(addresses, for: owner, on: &nftables)
                rollback.registerRemoval(of: owner)
            }
            try isolation?.apply(for: owner, on: &nftables)
        case .iptables:
            rollback.register("admission") { try IptablesFirewall.remove(addresses) }
            try configuration.iptables.add(addresses)
            if let isolation {
                try configuration.iptables.apply(
                    isolation.policy, to: isolation.devices.bridge, Set(addresses.map(\.family)))
            }
        }
        try Interruption.check()
        rollback.commit()
        return result
    }

    func status(_ configuration: NetworkConfiguration) throws {
        let configuration = try FirewallConfiguration(configuration)
        switch configuration.backend {
        case .iptables: try IptablesFirewall.requirePrograms()
        case .firewalld, .nftables:
            var nftables = try NftablesSocket()
            try nftables.requireSupport()
            if var firewalld = try configuration.backend.firewalldIfRunning() {
                // Whatever the answer, it needs the zone.
                _ = try firewalld.contains(.any(.v4), in: configuration.zone)
                return
            }
            guard try FirewallTables.admission.isInUse(on: &nftables) else { return }
            let closed = try FirewallTables.admission.closedChains(on: &nftables)
            guard closed.isEmpty else {
                throw CNIError(
                    .limitedConnectivity,
                    "containers are cut off: \(closed.joined(separator: ", ")) drops what they send",
                    details: "the next ADD mends it")
            }
        }
    }
}

extension Firewalld {
    /// Makes addresses sources of a zone, and notes whose they are, since firewalld does not.
    fileprivate mutating func admit(
        _ addresses: [IPAddress], of owner: Attachment, in zone: String, _ rollback: inout Rollback,
        on nftables: inout NftablesSocket
    ) throws {
        try FirewallTables.admission.note(addresses, of: owner, on: &nftables)
        rollback.registerRemoval(of: owner)
        for address in addresses where try add(address, to: zone) {
            rollback.register("source \(address)") {
                guard var firewalld = try Firewalld.ifRunning() else { return }
                try firewalld.remove(address, from: zone)
            }
        }
    }
}

extension Rollback {
    /// Undoes what nf_tables has of an owner.
    fileprivate mutating func registerRemoval(of owner: Attachment) {
        register("admission") {
            var nftables = try NftablesSocket()
            try FirewallTables.admission.removeAll(of: owner, on: &nftables)
            try FirewallTables.ports.removeAll(of: owner, on: &nftables)
        }
    }
}
