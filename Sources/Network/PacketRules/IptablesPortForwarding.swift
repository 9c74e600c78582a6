package import Addressing
package import Attachments
package import LinuxSystem

/// Ports of this host that lead to containers, by iptables(8) and with the reference's chains.
///
/// A chain for each container marks what is to be masqueraded and leads the rest to it; what comes to this host is led
/// there by ports, 15 in a rule. All interfaces that a container has in a network share one chain.
package struct IptablesPortForwarding: Sendable {
    let chain: String
    private let comment: String
    private let options: Options

    package struct Options: Hashable, Sendable {
        /// The number of the bit, from 0 to 31, that marks what is to be masqueraded.
        package var markBit: UInt32 = 13
        /// A chain of somebody else's that marks and masquerades; nil for the reference's own.
        package var externalMarkChain: String?
        /// What else has to be true of what is led to the container, in the words of iptables(8).
        package var conditions: [AddressFamily: [String]] = [:]

        package init() {}
    }

    package init(_ attachment: Attachment, _ options: Options = Options()) {
        chain = ReferenceName.portChain(attachment)
        let text = ReferenceName.portComment(network: attachment.network) + #""\#(attachment.containerID)""#
        // As long as the kernel takes it.
        let limit = 255
        let whole = text.utf8.count <= limit ? text : String(text.prefix(limit - 3)) + "..."
        comment = Iptables.comment(whole)
        self.options = options
    }

    /// - Throws: `ENOENT` where the programs are missing.
    package static func requirePrograms() throws(SystemError) {
        for family in AddressFamily.allCases { _ = try Iptables(family) }
    }

    /// Lets ports lead to the container, and none that it had before.
    ///
    /// - Parameters:
    ///   - ports: of both families.
    ///   - listed: all of the host's ports that are asked for, those without an address in the container included, which
    ///     the reference lists as well.
    /// - Throws: `EADDRINUSE`, with whoever has it, when a port leads to another container; `ENOENT` where the programs are
    ///   missing; what they refused. Nothing is left then.
    package func add(
        _ ports: [PortForward], listing listed: [TransportProtocol: [UInt16]]
    ) throws(SystemError) {
        do throws(SystemError) {
            for family in Set(ports.map(\.family)) {
                try add(ports.filter { $0.family == family }, listing: listed, family)
            }
        } catch {
            _ = try? remove()
            throw error
        }
    }

    private func add(
        _ ports: [PortForward], listing listed: [TransportProtocol: [UInt16]], _ family: AddressFamily
    ) throws(SystemError) {
        let iptables = try Iptables(family, endsOnSignals: true)
        var refused: [String] = []
        while true {
            let present = try iptables.rules()
            for port in ports { try requireFree(port, present) }
            let changes = changes(ports, listed, family, present)
            guard !changes.isEmpty else { return }
            do throws(SystemError) {
                return try iptables.change(changes)
            } catch  where changes != refused {
                // Somebody may have made the chains that all share since they were looked for.
                refused = changes
            }
        }
    }

    /// What is not as adding the ports leaves it, each in words.
    package func differences(
        _ ports: [PortForward], listing listed: [TransportProtocol: [UInt16]]
    ) throws(SystemError) -> [String] {
        var differences: [String] = []
        for family in AddressFamily.allCases {
            let ports = ports.filter { $0.family == family }
            guard !ports.isEmpty else { continue }
            let present = try Iptables(family).rules()
            for port in ports where !rules(for: port).allSatisfy(present.contains) {
                differences.append("\(port) is missing in chain \(chain)")
            }
            for entry in entries(listed, family) where !present.contains(where: entry.isSame) {
                differences.append("\(family) \(entry.ports) of \(entry.transport) do not lead to chain \(chain)")
            }
            for shared in sharedChains(for: ports) {
                for rule in shared.rules + shared.entries where !present.contains(rule) {
                    differences.append("rule \(rule) of \(family) is missing")
                }
            }
        }
        return differences
    }

    /// Takes all ports away from the container; what is gone is no error, nor is a family without iptables.
    ///
    /// - Returns: what they were, but for their networks and who was masqueraded.
    package func remove() throws(SystemError) -> [PortForward] {
        try Iptables.removeJumps(from: Self.entryChain) { rule in rule.hasSuffix(" -j \(chain)") }
            .compactMap(PortForward.init(rule:))
    }

    /// Takes all ports of a network away but those of some attachments' containers.
    ///
    /// - Returns: as for one.
    package static func removeAll(
        ofNetwork network: String, except valid: Set<Attachment>
    ) throws(SystemError) -> [PortForward] {
        let chains = Set(valid.map(ReferenceName.portChain))
        let beginning = Iptables.comment(ReferenceName.portComment(network: network)).dropLast()
        return try Iptables.removeJumps(from: entryChain) { rule in
            rule.contains(beginning) && !chains.contains(Iptables.target(rule))
        }.compactMap(PortForward.init(rule:))
    }

    // MARK: Rules

    private static let entryChain = "CNI-HOSTPORT-DNAT"
    private static let markChain = "CNI-HOSTPORT-SETMARK"
    private static let masqueradeChain = "CNI-HOSTPORT-MASQ"

    /// A chain that all containers share, with the rules that lead to it.
    private struct SharedChain {
        let name: String
        var rules: [String] = []
        var entries: [String] = []
        /// Whether the entries go before what is there.
        var isFirst = false
    }

    private func sharedChains(for ports: [PortForward]) -> [SharedChain] {
        let entries = ["PREROUTING", "OUTPUT"].map { "-A \($0) -m addrtype --dst-type LOCAL -j \(Self.entryChain)" }
        let entry = SharedChain(name: Self.entryChain, entries: entries)
        guard options.externalMarkChain == nil, ports.contains(where: { $0.masquerade != .nobody }) else {
            return [entry]
        }
        let bit = "0x" + String(UInt32(1) << options.markBit, radix: 16)
        let comments = ["CNI portfwd masquerade mark", "CNI portfwd requiring masquerade"].map(Iptables.comment)
        return [
            SharedChain(
                name: Self.markChain,
                rules: ["-A \(Self.markChain) \(comments[0]) -j MARK --set-xmark \(bit)/\(bit)"]),
            SharedChain(
                name: Self.masqueradeChain,
                rules: ["-A \(Self.masqueradeChain) -m mark --mark \(bit)/\(bit) -j MASQUERADE"],
                entries: ["-A POSTROUTING \(comments[1]) -j \(Self.masqueradeChain)"], isFirst: true),
            entry,
        ]
    }

    /// The rules of the container's chain for one port, in their order and as `iptables -S` prints them.
    private func rules(for port: PortForward) -> [String] {
        let length = port.family.bitWidth
        let destination = port.hostAddress.isUnspecified ? "" : " -d \(port.hostAddress)/\(length)"
        let match = "\(destination) -p \(port.transport) -m \(port.transport) --dport \(port.hostPort)"
        var sources: [String] = []
        switch port.masquerade {
        case .nobody: break
        case .needed: sources = [" -s \(port.target.network)"] + (port.family == .v4 ? [" -s 127.0.0.1/32"] : [])
        case .everybody: sources = [""]
        }
        return sources.map { "-A \(chain)\($0)\(match) -j \(options.externalMarkChain ?? Self.markChain)" }
            + ["-A \(chain)\(match) -j DNAT --to-destination \(port.targetText)"]
    }

    /// A rule that leads some ports to the container's chain.
    private struct Entry {
        let transport: TransportProtocol
        let ports: String
        let chain: String
        let rule: String

        /// Whether a rule leads the same ports there; where it puts conditions, iptables decides.
        func isSame(_ rule: String) -> Bool {
            rule.hasPrefix("-A \(IptablesPortForwarding.entryChain) ") && rule.contains(" -p \(transport) ")
                && rule.contains(" --dports \(ports) ") && rule.hasSuffix(" -j \(chain)")
        }
    }

    private func entries(_ listed: [TransportProtocol: [UInt16]], _ family: AddressFamily) -> [Entry] {
        // What one rule of multiport takes.
        let limit = 15
        let conditions = (options.conditions[family] ?? []).map { " \(Self.quoted($0))" }.joined()
        return listed.sorted { "\($0.key)" < "\($1.key)" }.flatMap { transport, ports in
            stride(from: 0, to: ports.count, by: limit).map { start in
                let list = ports[start...].prefix(limit).map(String.init).joined(separator: ",")
                return Entry(
                    transport: transport, ports: list, chain: chain,
                    rule: "-A \(Self.entryChain) -p \(transport) \(comment) -m multiport --dports \(list)\(conditions) "
                        + "-j \(chain)")
            }
        }
    }

    /// As one word of iptables-restore(8).
    private static func quoted(_ word: String) -> String {
        guard word.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "\\" }) || word.isEmpty else { return word }
        return "\"\(word.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined())\""
    }

    /// What iptables-restore(8) has to do; nothing when all is there.
    private func changes(
        _ ports: [PortForward], _ listed: [TransportProtocol: [UInt16]], _ family: AddressFamily, _ present: [String]
    ) -> [String] {
        var changes: [String] = []
        for shared in sharedChains(for: ports) {
            // Not declared, which would flush what somebody makes meanwhile: it is refused then.
            if !present.contains("-N \(shared.name)") { changes.append("-N \(shared.name)") }
            changes += shared.rules.filter { !present.contains($0) }
            changes += shared.entries.filter { !present.contains($0) }
                .map { shared.isFirst ? "-I" + $0.dropFirst(2) : $0 }
        }
        let wanted = ports.flatMap(rules)
        if present.filter({ $0.hasPrefix("-A \(chain) ") }) != wanted {
            changes += [":\(chain) - [0:0]"] + wanted
        }
        let entries = entries(listed, family)
        let own = present.filter { $0.hasPrefix("-A \(Self.entryChain) ") && $0.hasSuffix(" -j \(chain)") }
        changes += own.filter { rule in !entries.contains { $0.isSame(rule) } }.map { "-D" + $0.dropFirst(2) }
        changes += entries.filter { !own.contains(where: $0.isSame) }.map(\.rule)
        return changes
    }

    /// - Throws: `EADDRINUSE` when another container has the port.
    private func requireFree(_ port: PortForward, _ present: [String]) throws(SystemError) {
        for rule in present where !rule.hasPrefix("-A \(chain) ") {
            guard rule.hasPrefix("-A CNI-DN-"), let other = PortForward(rule: rule), other.hostSide == port.hostSide,
                let name = rule.split(separator: " ").dropFirst().first,
                let entry = present.first(where: {
                    $0.hasPrefix("-A \(Self.entryChain) ") && $0.hasSuffix(" -j \(name)")
                })
            else { continue }
            throw SystemError("map", port.hostSide, .addressInUse, explanation: "\(Self.owner(of: entry)) has it")
        }
    }

    /// Whose chain a rule leads to, in words.
    private static func owner(of entry: String) -> String {
        let parts = entry.split(separator: #"\""#, omittingEmptySubsequences: false)
        guard parts.count >= 4 else { return "chain \(Iptables.target(entry))" }
        return "container \(parts[3]) of network \"\(parts[1])\""
    }
}

extension PortForward {
    /// Reads a rule that gives connections another destination, as `iptables -S` prints it, which does not tell the network
    /// nor who is masqueraded; nil for any other.
    init?(rule: String) {
        let words = rule.split(separator: " ").map(String.init)
        func value(_ option: String) -> String? {
            words.firstIndex(of: option).flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
        }
        guard let transport = value("-p").flatMap({ TransportProtocol($0) }),
            let port = value("--dport").flatMap({ UInt16($0) }), let destination = value("--to-destination"),
            let colon = destination.lastIndex(of: ":"),
            let targetPort = UInt16(destination[destination.index(after: colon)...]),
            let address = IPAddress(destination[..<colon].filter { $0 != "[" && $0 != "]" }),
            let target = InterfaceAddress(address, prefixLength: address.family.bitWidth)
        else { return nil }
        let hostAddress = value("-d").flatMap { CIDR($0) }?.address ?? .any(address.family)
        self.init(transport, hostAddress, port, to: target, targetPort, masquerade: .nobody)
    }
}
