import CNI
import JSON
import LinuxSystem
import PacketRules

/// What ADD, CHECK and STATUS need of a configuration.
struct FirewallConfiguration {
    let backend: Backend
    let policy: NetworkIsolation.Policy
    /// By iptables, with its chain for an administrator's rules.
    let iptables: IptablesFirewall

    /// What admits containers.
    enum Backend: String {
        case nftables
        case iptables
    }

    /// - Throws: code 7 for a policy that there is not.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        backend = try Backend(configuration)
        let policy = try reader.optional("ingressPolicy") ?? ""
        guard let named = NetworkIsolation.Policy(rawValue: policy.isEmpty ? "open" : policy) else {
            throw CNIError(
                .invalidConfiguration, "unknown ingress policy: \"\(policy)\"",
                details: "expected open, same-bridge or isolated")
        }
        self.policy = named
        let adminChain = try reader.optional("iptablesAdminChainName") ?? ""
        iptables = IptablesFirewall(adminChain: adminChain.isEmpty ? "CNI-ADMIN" : adminChain)
    }
}

extension FirewallConfiguration.Backend {
    /// - Throws: an error with the place of what is no text.
    init(_ configuration: NetworkConfiguration) throws {
        let name = try configuration.reader.optional("backend") ?? ""
        guard let named = Self(rawValue: name) else {
            // As with the reference, any other name leaves the choice to the plugin.
            if !name.isEmpty { StandardStreams.log("unknown backend \"\(name)\": nftables is used") }
            self = .nftables
            return
        }
        self = named
    }
}
