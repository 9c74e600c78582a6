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
    /// Of firewalld, to which containers' addresses belong.
    let zone: String

    /// What admits containers.
    enum Backend: String {
        /// firewalld where it runs, else nf_tables.
        case firewalld
        case nftables
        case iptables
    }

    /// - Throws: code 7 for a policy that there is not.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        backend = try Backend(configuration)
        zone = try Self.zone(of: configuration)
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

    /// - Throws: an error with the place of what is no text.
    static func zone(of configuration: NetworkConfiguration) throws -> String {
        let zone = try configuration.reader.optional("firewalldZone") ?? ""
        return zone.isEmpty ? defaultZone : zone
    }

    /// The reference's.
    static let defaultZone = "trusted"
}

extension FirewallConfiguration.Backend {
    /// - Throws: an error with the place of what is no text.
    init(_ configuration: NetworkConfiguration) throws {
        let name = try configuration.reader.optional("backend") ?? ""
        guard let named = Self(rawValue: name) else {
            // As with the reference, any other name leaves the choice to the plugin.
            if !name.isEmpty { StandardStreams.log("unknown backend \"\(name)\": that by default is used") }
            self = .firewalld
            return
        }
        self = named
    }

    /// firewalld, if it runs and may be asked.
    ///
    /// - Throws: what keeps the system bus from answering.
    func firewalldIfRunning() throws(SystemError) -> Firewalld? {
        self == .firewalld ? try Firewalld.ifRunning() : nil
    }
}
