import Addressing
import CNI
import JSON
import PacketRules

/// What the configuration says about ports, and what the runtime asks for.
struct PortmapConfiguration {
    let backend: Backend
    let mappings: [PortMapping]
    let masquerade: PortForward.Masquerading

    enum Backend {
        case nftables
        case iptables(IptablesPortForwarding.Options)
    }

    /// - Throws: code 7 with the member that will not do.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        let masquerades = try reader.optional("snat") ?? true
        let masqueradesAll = try reader.optional("masqAll") ?? false
        masquerade = masquerades ? (masqueradesAll ? .everybody : .needed) : .nobody
        backend = try Self.backend(reader)
        let list: [PortMapping] = try configuration.runtimeConfiguration()?.optional("portMappings") ?? []
        mappings = list.enumerated().filter { !list[..<$0].contains($1) }.map(\.element)
        guard mappings.count <= UInt16.max else {
            throw CNIError(.invalidConfiguration, "runtimeConfig.portMappings: there are more than the host has ports")
        }
    }

    /// Where the ports lead when a container has these addresses, of which the first of each family counts.
    ///
    /// - Throws: code 7 when one port is to lead to two places.
    func ports(leadingTo addresses: [InterfaceAddress]) throws(CNIError) -> [PortForward] {
        var ports: [PortForward] = []
        for family in AddressFamily.allCases {
            guard let target = addresses.first(where: { $0.address.family == family }) else { continue }
            ports += mappings.compactMap { $0.forward(to: target, masquerade: masquerade) }
        }
        var seen: Set<String> = []
        for port in ports where !seen.insert("\(port.family) \(port.hostSide)").inserted {
            throw CNIError(
                .invalidConfiguration, "runtimeConfig.portMappings: \(port.hostSide) is to lead to more than one port")
        }
        return ports
    }

    /// All ports of the host that are asked for.
    var hostPorts: [TransportProtocol: [UInt16]] {
        Dictionary(grouping: mappings, by: \.transport).mapValues { mappings in
            mappings.enumerated().filter { number, mapping in
                !mappings[..<number].contains { $0.hostPort == mapping.hostPort }
            }.map(\.element.hostPort)
        }
    }

    /// Whether the user asked for iptables; nobody else's child processes are worth it.
    static func usesIptables(_ configuration: NetworkConfiguration) -> Bool {
        guard case .iptables? = try? backend(configuration.reader) else { return false }
        return true
    }
}

/// The backend and its options.
extension PortmapConfiguration {
    /// The reference's default.
    private static let markBit: UInt32 = 13

    private static func backend(_ reader: JSONReader) throws -> Backend {
        let name: String? = try reader.optional("backend")
        let chain: String? = try reader.optional("externalSetMarkChain")
        let bit: Int64? = try reader.optional("markMasqBit")
        guard chain == nil || bit == nil else {
            throw CNIError(.invalidConfiguration, "Cannot specify externalSetMarkChain and markMasqBit")
        }
        guard let markBit = UInt32(exactly: bit ?? Int64(markBit)), markBit < 32 else {
            throw CNIError(.invalidConfiguration, "MasqMarkBit must be between 0 and 31")
        }
        let conditions = try Conditions(reader)
        let specific =
            (chain == nil ? [] : ["externalSetMarkChain"]) + (conditions.isOfIptables ? conditions.members : [])
        // What only iptables can do asks for iptables, as it does of the reference.
        switch name ?? (specific.isEmpty ? "nftables" : "iptables") {
        case "nftables":
            guard specific.isEmpty else { throw mismatch("nftables", "iptables", specific) }
            try conditions.refuse()
            return .nftables
        case "iptables":
            guard conditions.isOfIptables || conditions.members.isEmpty else {
                throw mismatch("iptables", "nftables", conditions.members)
            }
            var options = IptablesPortForwarding.Options()
            options.markBit = markBit
            options.externalMarkChain = try chain.map { try Self.word($0, "externalSetMarkChain") }
            options.conditions = conditions.words
            return .iptables(options)
        case let other: throw CNIError(.invalidConfiguration, "unrecognized backend \"\(other)\"")
        }
    }

    private static func mismatch(_ backend: String, _ other: String, _ members: [String]) -> CNIError {
        CNIError(
            .invalidConfiguration,
            "\(backend) backend was requested but configuration contains \(other)-specific options "
                + "[\(members.joined(separator: " "))]")
    }

    /// What goes to iptables as one word, and cannot be another line of its input.
    fileprivate static func word(_ text: String, _ member: String) throws(CNIError) -> String {
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw CNIError(.invalidConfiguration, "\(member): expected words of iptables, got a control character")
        }
        return text
    }
}

/// `conditionsV4` and `conditionsV6`: what else has to be true of what is led to a container.
private struct Conditions {
    var words: [AddressFamily: [String]] = [:]
    /// The members that have some.
    var members: [String] = []

    init(_ reader: JSONReader) throws {
        for (family, member) in [(AddressFamily.v4, "conditionsV4"), (.v6, "conditionsV6")] {
            let list: [String] =
                try family == .v4 ? reader.optional("conditionsV4") ?? [] : reader.optional("conditionsV6") ?? []
            guard !list.isEmpty else { continue }
            words[family] = try list.map { try PortmapConfiguration.word($0, member) }
            members.append(member)
        }
    }

    /// Whether they are in the words of iptables, as the reference tells by the first of them.
    var isOfIptables: Bool {
        guard let first = (words[.v4] ?? words[.v6])?.first else { return false }
        return first.hasPrefix("-") || first.hasPrefix("!")
    }

    /// - Throws: code 7 when there are any: only nft(8) reads its words, and this suite does not run it.
    func refuse() throws(CNIError) {
        guard !members.isEmpty else { return }
        throw CNIError(
            .invalidConfiguration, "\(members.joined(separator: ", ")): expected no conditions of nft",
            details: "write them for iptables, as in [\"-s\", \"10.0.0.0/8\"], and set \"backend\": \"iptables\"")
    }
}
