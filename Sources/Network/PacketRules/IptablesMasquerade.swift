package import Addressing
package import Attachments
package import LinuxSystem

/// Masquerading of a container's traffic to outside its own subnet, by iptables(8) and with the reference's chains.
///
/// A chain for each container lets its subnet alone and masquerades the rest; `POSTROUTING` leads to it by the
/// container's address. All interfaces that a container has in a network share one chain.
package struct IptablesMasquerade: Hashable, Sendable {
    /// `CNI-` and 24 digits, from the network's name and the container's id.
    let chain: String
    private let comment: String

    package init(_ attachment: Attachment) {
        chain = ReferenceName.masqueradeChain(attachment)
        comment = Self.commentBeginning(attachment.network) + #"\"\#(attachment.containerID)\"""#
    }

    /// Where the rules are that lead to containers' chains.
    private static let base = "POSTROUTING"

    /// As iptables(8) quotes it: `name: "net1" id: "cid1"`.
    private static func commentBeginning(_ network: String) -> String {
        #"-m comment --comment "name: \"\#(network)\" id: "#
    }

    /// Masquerades what comes from the addresses and goes neither to their subnets nor to multicast.
    ///
    /// - Throws: `ENOENT` where the programs are missing; what they refused. Nothing is left then.
    package func add(_ addresses: [InterfaceAddress]) throws(SystemError) {
        do throws(SystemError) {
            try addMissing(addresses)
        } catch {
            try? remove(addresses.map(\.address))
            throw error
        }
    }

    private func addMissing(_ addresses: [InterfaceAddress]) throws(SystemError) {
        for (family, addresses) in byFamily(addresses) {
            let iptables = try Iptables(family, endsOnSignals: true)
            let present = try iptables.rules()
            let missing = missing(of: addresses, family, present)
            guard !missing.isEmpty else { continue }
            let declaration = present.contains("-N \(chain)") ? [] : [":\(chain) - [0:0]"]
            // What is let alone has to come before what is masqueraded, another interface's rules included.
            try iptables.change(declaration + missing.map { $0.hasSuffix(" ACCEPT") ? "-I" + $0.dropFirst(2) : $0 })
        }
    }

    /// Whether the addresses are masqueraded.
    package func contains(_ addresses: [InterfaceAddress]) throws(SystemError) -> Bool {
        for (family, addresses) in byFamily(addresses) {
            guard try missing(of: addresses, family, Iptables(family).rules()).isEmpty else { return false }
        }
        return true
    }

    /// Stops masquerading the addresses.
    ///
    /// What is gone is no error, nor is a family without iptables.
    package func remove(_ addresses: [IPAddress]) throws(SystemError) {
        let sources = addresses.map(Self.source)
        try Iptables.removeJumps(from: Self.base) { rule in
            rule.hasSuffix(" -j \(chain)") && sources.contains { rule.contains($0) }
        }
    }

    /// Stops masquerading all that the container has in the network but some addresses, those of its other interfaces.
    package func removeAll(except kept: [IPAddress]) throws(SystemError) {
        let sources = kept.map(Self.source)
        try Iptables.removeJumps(from: Self.base) { rule in
            rule.hasSuffix(" -j \(chain)") && !sources.contains { rule.contains($0) }
        }
    }

    private static func source(_ address: IPAddress) -> String {
        " -s \(address)/\(address.family.bitWidth) "
    }

    /// Stops masquerading all of a network but some.
    package static func removeAll(
        ofNetwork network: String, except valid: Set<Attachment>
    ) throws(SystemError) {
        let chains = Set(valid.map(ReferenceName.masqueradeChain))
        try Iptables.removeJumps(from: base) { rule in
            rule.contains(commentBeginning(network)) && !chains.contains(Iptables.target(rule))
        }
    }

    /// - Throws: `ENOENT` where the programs are missing.
    package static func requirePrograms() throws(SystemError) {
        for family in AddressFamily.allCases { _ = try Iptables(family) }
    }

    private func missing(
        of addresses: [InterfaceAddress], _ family: AddressFamily, _ present: [String]
    ) -> [String] {
        let wanted =
            ["-A \(chain) ! -d \(CIDR.multicast(family)) \(comment) -j MASQUERADE"]
            + Set(addresses.map(\.network)).map { "-A \(chain) -d \($0) \(comment) -j ACCEPT" }
            + addresses.map { "-A \(Self.base) -s \($0.address)/\(family.bitWidth) \(comment) -j \(chain)" }
        return wanted.filter { !present.contains($0) }
    }

    private func byFamily(_ addresses: [InterfaceAddress]) -> [(AddressFamily, [InterfaceAddress])] {
        AddressFamily.allCases.map { family in (family, addresses.filter { $0.address.family == family }) }
            .filter { !$0.1.isEmpty }
    }
}
