package import Addressing
package import LinuxSystem

/// Admission and isolation by iptables(8), with the reference's chains and rules in table `filter`.
///
/// Rules for a container know its addresses alone, and those of a network stay, as with the reference, so that either suite
/// goes on with what the other made.
package struct IptablesFirewall: Sendable {
    /// The chain for an administrator's rules, which come first.
    private let adminChain: String

    package init(adminChain: String) {
        self.adminChain = adminChain
    }

    // MARK: Admission

    /// Admits what comes from the addresses, and answers to them.
    ///
    /// - Throws: `ENOENT` where the programs are missing; what they refused. Of a family, nothing has changed then.
    package func add(_ addresses: [IPAddress]) throws(SystemError) {
        for (family, addresses) in byFamily(addresses) {
            try append(admission(of: addresses, family), family)
        }
    }

    /// Those of the rules for the addresses that are missing, as iptables-save(8) would write them.
    package func missing(of addresses: [IPAddress]) throws(SystemError) -> [String] {
        var missing: [String] = []
        for (family, addresses) in byFamily(addresses) {
            let present = try Iptables(family, .filter).rules()
            missing += admission(of: addresses, family).map(\.text).filter { !present.contains($0) }
        }
        return missing
    }

    /// Stops admitting the addresses; what is gone is no error, nor is a family without iptables.
    package static func remove(_ addresses: [IPAddress]) throws(SystemError) {
        for family in AddressFamily.allCases {
            let stale = addresses.filter { $0.family == family }.flatMap(rules)
            guard !stale.isEmpty, let iptables = try? Iptables(family, .filter) else { continue }
            let obsolete = try iptables.rules().filter(stale.contains)
            guard !obsolete.isEmpty else { continue }
            try iptables.change(obsolete.map { "-D" + $0.dropFirst(2) })
        }
    }

    /// - Throws: `ENOENT` where the programs are missing.
    package static func requirePrograms() throws(SystemError) {
        for family in AddressFamily.allCases { _ = try Iptables(family, .filter) }
    }

    private func admission(of addresses: [IPAddress], _ family: AddressFamily) -> [Line] {
        let comment = #"-m comment --comment "CNI firewall plugin rules""#
        let override = #"-m comment --comment "CNI firewall plugin admin overrides""#
        return [
            .chain(Self.chain), .chain(adminChain),
            .first("FORWARD \(comment) -j \(Self.chain)"),
            .first("\(Self.chain) \(override) -j \(adminChain)"),
        ] + addresses.flatMap(Self.rules).map { .last(String($0.dropFirst(3))) }
    }

    /// The rules for one address, as iptables-save(8) writes them.
    private static func rules(for address: IPAddress) -> [String] {
        let host = "\(CIDR.host(address))"
        return [
            "-A \(chain) -d \(host) -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-A \(chain) -s \(host) -j ACCEPT",
        ]
    }

    private static let chain = "CNI-FORWARD"

    // MARK: Isolation

    /// Separates the network of a bridge from others with a policy, or its containers from all, for good.
    ///
    /// - Throws: as for admission.
    package func apply(
        _ policy: NetworkIsolation.Policy, to bridge: String, _ families: Set<AddressFamily>
    ) throws(SystemError) {
        for family in families { try append(isolation(policy, of: bridge), family) }
    }

    /// Those of the rules for the bridge that are missing.
    package func missing(
        of policy: NetworkIsolation.Policy, for bridge: String, _ families: Set<AddressFamily>
    ) throws(SystemError) -> [String] {
        var missing: [String] = []
        for family in families {
            let present = try Iptables(family, .filter).rules()
            missing += isolation(policy, of: bridge).map(\.text).filter { !present.contains($0) }
        }
        return missing
    }

    private func isolation(_ policy: NetworkIsolation.Policy, of bridge: String) -> [Line] {
        guard policy != .open else { return [] }
        func comment(_ policy: String) -> String {
            #"-m comment --comment "CNI firewall plugin rules (ingressPolicy: \#(policy))""#
        }
        let (shared, own) = (comment("same-bridge|isolated"), comment(policy.rawValue))
        let (first, second) = ("CNI-ISOLATION-STAGE-1", "CNI-ISOLATION-STAGE-2")
        let inner: [Line] = policy == .isolated ? [.first("\(first) -i \(bridge) -o \(bridge) \(own) -j DROP")] : []
        return [
            .chain(first), .chain(second), .first("FORWARD \(shared) -j \(first)"),
            .first("\(first) -i \(bridge) ! -o \(bridge) \(own) -j \(second)"),
        ] + inner + [
            .last("\(first) \(shared) -j RETURN"),
            .first("\(second) -o \(bridge) \(shared) -j DROP"),
            .last("\(second) \(shared) -j RETURN"),
        ]
    }

    // MARK: Lines

    /// A chain, or a rule and where it is put; what is there already stays where it is.
    private enum Line {
        case chain(String)
        case first(String)
        case last(String)

        /// As iptables-save(8) writes it.
        var text: String {
            switch self {
            case .chain(let name): "-N \(name)"
            case .first(let rule), .last(let rule): "-A \(rule)"
            }
        }

        /// As iptables-restore(8) reads it.
        var request: String {
            switch self {
            case .chain(let name): ":\(name) - [0:0]"
            case .first(let rule): "-I \(rule)"
            case .last(let rule): "-A \(rule)"
            }
        }
    }

    private func append(_ lines: [Line], _ family: AddressFamily) throws(SystemError) {
        guard !lines.isEmpty else { return }
        let iptables = try Iptables(family, .filter, endsOnSignals: true)
        let present = try iptables.rules()
        let missing = lines.filter { !present.contains($0.text) }
        guard !missing.isEmpty else { return }
        try iptables.change(missing.map(\.request))
    }

    private func byFamily(_ addresses: [IPAddress]) -> [(AddressFamily, [IPAddress])] {
        AddressFamily.allCases.map { family in (family, addresses.filter { $0.family == family }) }
            .filter { !$0.1.isEmpty }
    }
}
