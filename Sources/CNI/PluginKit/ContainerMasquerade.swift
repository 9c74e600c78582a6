package import Addressing
package import Attachments
package import CNI
import JSON
package import LinuxSystem
package import Nftables
package import PacketRules

/// How an interface plugin masquerades its containers: `ipMasq` and `ipMasqBackend`.
package struct ContainerMasquerade: Sendable {
    /// The plugin's own table of nf_tables.
    package let table: Masquerade
    /// Nil where the configuration does not ask for masquerade.
    package let backend: Backend?

    /// What masquerades containers.
    package enum Backend: String, Sendable {
        case nftables
        case iptables
    }

    /// - Throws: code 7 for a backend that there is not.
    package init(_ configuration: NetworkConfiguration, in table: Masquerade) throws {
        self.table = table
        // Read even where it does not matter, so that a wrong one is seen before it does.
        let name = try configuration.reader.optional("ipMasqBackend") ?? Backend.nftables.rawValue
        guard let named = Backend(rawValue: name) else {
            throw CNIError(
                .invalidConfiguration, "unknown ipmasq backend \"\(name)\"", details: "expected nftables or iptables")
        }
        backend = try configuration.reader.optional("ipMasq") ?? false ? named : nil
    }

    /// Whether the user asked for iptables; nobody else's child processes are worth it.
    package static func usesIptables(_ configuration: NetworkConfiguration) -> Bool {
        (try? configuration.reader.optional("ipMasqBackend")) == Backend.iptables.rawValue
    }

    /// Sees that what the backend needs is there.
    ///
    /// - Throws: `ENOENT` without the programs; what the kernel answers without nf_tables.
    package func requireSupport() throws(SystemError) {
        switch backend {
        case nil: return
        case .iptables: try IptablesMasquerade.requirePrograms()
        case .nftables:
            var nftables = try NftablesSocket()
            try nftables.requireSupport()
        }
    }

    /// Looks whether addresses are masqueraded for an attachment, by this suite or by the one that made it.
    ///
    /// - Parameters:
    ///   - addresses: of the container.
    ///   - interface: by which the host sees its packets come in; nil where that is not known.
    ///   - attachment: whose they are.
    ///   - differences: where it is noted what is missing.
    /// - Throws: what keeps it from looking.
    package func inspect(
        _ addresses: [InterfaceAddress], by interface: String?, of attachment: Attachment,
        _ differences: inout Differences
    ) throws(SystemError) {
        guard let backend, !addresses.isEmpty else { return }
        let isThere: Bool
        switch backend {
        case .nftables:
            var nftables = try NftablesSocket()
            let families = Set(addresses.map(\.address.family))
            if try table.contains(addresses, by: interface, for: attachment, on: &nftables) { return }
            isThere = try RulesetRemains.hasMasquerade(of: attachment, families, on: &nftables)
        case .iptables:
            isThere = try IptablesMasquerade(attachment).contains(addresses)
        }
        guard !isThere else { return }
        differences.note("Masquerade of \(addresses.map { "\($0.address)" }.joined(separator: ", ")) is missing")
    }
}

/// Removal, which takes what the reference left as well, and whatever the configuration says by now.
extension ContainerMasquerade {
    /// Stops masquerading whatever addresses an attachment has: it may have had others than anybody knows now.
    ///
    /// - Parameters:
    ///   - table: the plugin's own.
    ///   - attachment: whose they are.
    ///   - nftables: a socket on the host.
    ///   - sparesIptables: whether the reference's iptables chains in nf_tables stay, for iptables to remove.
    /// - Throws: what the kernel refused.
    package static func remove(
        from table: Masquerade, of attachment: Attachment, on nftables: inout NftablesSocket,
        sparingIptables sparesIptables: Bool
    ) throws(SystemError) {
        try table.removeAll(of: attachment, on: &nftables)
        try RulesetRemains.removeMasquerade(of: attachment, on: &nftables)
        if !sparesIptables { try RulesetRemains.removeIptablesMasquerade(of: attachment, on: &nftables) }
    }

    /// All that DEL does about the masquerade of an attachment, and about its interface behind that.
    package static func teardown(
        of invocation: Invocation, from table: Masquerade, then deleteInterface: () throws -> Void
    ) -> Teardown {
        let usesIptables = usesIptables(invocation.configuration)
        var teardown = Teardown()
        // Held open to the end: closing it waits for the kernel, and so does deleting the interface, at the same time.
        var nftables: NftablesSocket?
        teardown.attempt {
            var socket = try NftablesSocket()
            try remove(from: table, of: invocation.attachment, on: &socket, sparingIptables: usesIptables)
            nftables = consume socket
        }
        if usesIptables { teardown.attempt { try removeByIptables(of: invocation) } }
        teardown.attempt(deleteInterface)
        _ = consume nftables
        return teardown
    }

    /// The same by iptables, whose chain all interfaces of a container in a network share.
    package static func removeByIptables(of invocation: Invocation) throws(SystemError) {
        let masquerade = IptablesMasquerade(invocation.attachment)
        if invocation.namespacePath == nil, let known = invocation.previousAddresses, !known.isEmpty {
            // The other interfaces cannot be asked.
            try masquerade.remove(known)
        } else {
            try masquerade.removeAll(except: invocation.addressesOfOtherInterfaces())
        }
    }

    /// Removes what no valid attachment of a network has.
    package static func collect(
        from table: Masquerade, _ configuration: NetworkConfiguration, keeping valid: Set<Attachment>,
        on nftables: inout NftablesSocket
    ) throws(SystemError) {
        let network = configuration.name
        try table.removeAll(ofNetwork: network, except: valid, on: &nftables)
        try RulesetRemains.removeMasquerade(ofNetwork: network, except: valid, on: &nftables)
        if usesIptables(configuration) { try IptablesMasquerade.removeAll(ofNetwork: network, except: valid) }
    }
}
