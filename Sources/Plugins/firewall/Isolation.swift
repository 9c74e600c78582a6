import Attachments
import CNI
import LinuxSystem
import Nftables
import PacketRules
import PluginKit
import RouteNetlink

/// A policy, and the devices on this host that it is for.
struct Isolation {
    let policy: NetworkIsolation.Policy
    let devices: NetworkIsolation.Devices
    /// The container's port of the bridge; nil where it has none.
    private let port: String?

    /// Finds the devices that a result tells of.
    ///
    /// The first on this host is the network's, as with the reference. Of the others, one that is a port of a bridge is the
    /// container's, and VXLAN devices that are none lead to the network's other hosts.
    ///
    /// - Returns: nil where there are none and none are needed.
    /// - Throws: code 7 where the policy needs one.
    init?(_ policy: NetworkIsolation.Policy, _ result: CNIResult) throws {
        let names = result.interfaces.filter(\.isOnHost).map(\.name)
        guard let first = names.first else {
            guard policy != .open else { return nil }
            throw CNIError(
                .invalidConfiguration,
                "interface needs to be set for ingress policy \"\(policy.rawValue)\", make sure to chain \"firewall\" "
                    + "plugin with \"bridge\"")
        }
        var devices = NetworkIsolation.Devices(bridge: first)
        var port: String?
        var host = try RouteSocket()
        for name in names.dropFirst() {
            guard let link = try host.link(named: name) else { continue }
            switch link.kind {
            case .veth where link.master != nil: port = name
            case .vxlan where link.master == nil: devices.overlays.append(name)
            default: break
            }
        }
        self.policy = policy
        self.devices = devices
        self.port = port
    }

    /// Separates the network, and the container where the policy says so.
    func apply(for owner: Attachment, on nftables: inout NftablesSocket) throws(SystemError) {
        try FirewallTables.networks.apply(policy, to: devices, ofNetwork: owner.network, on: &nftables)
        guard let port = isolatedPort else { return }
        try FirewallTables.ports.add(port, for: owner, on: &nftables)
    }

    func isApplied(for owner: Attachment, on nftables: inout NftablesSocket) throws(SystemError) -> Bool {
        guard
            try FirewallTables.networks.isApplied(policy, to: devices, ofNetwork: owner.network, on: &nftables)
        else { return false }
        guard let port = isolatedPort else { return true }
        return try FirewallTables.ports.contains(port, for: owner, on: &nftables)
    }

    private var isolatedPort: String? { policy == .isolated ? port : nil }
}
