package import Addressing
package import Attachments
package import LinuxSystem
import Nftables
import PacketRules

/// The masquerade of an attachment in the making, for which the ruleset is opened once.
package struct OpenMasquerade: ~Copyable {
    private let configuration: ContainerMasquerade
    private let attachment: Attachment
    /// Nil where iptables masquerades.
    private var socket: NftablesSocket?

    /// Nil where the configuration asks for no masquerade.
    package init?(_ configuration: ContainerMasquerade, for attachment: Attachment) throws(SystemError) {
        guard let backend = configuration.backend else { return nil }
        self.configuration = configuration
        self.attachment = attachment
        socket = backend == .nftables ? try NftablesSocket() : nil
    }

    /// Makes the table, which takes longer than all the rest, for addresses that are known later.
    package mutating func prepare(_ rollback: inout Rollback) throws(SystemError) {
        guard var open = socket.take() else { return }
        let table = configuration.table
        try table.prepare(on: &open)
        socket = consume open
        let attachment = attachment
        rollback.register("masquerade") {
            var nftables = try NftablesSocket()
            try table.remove([], by: nil, of: attachment, on: &nftables)
        }
    }

    /// Masquerades the addresses, and registers how that is undone.
    ///
    /// - Parameters:
    ///   - addresses: of the container.
    ///   - interface: by which the host sees its packets come in; nil where that is not known.
    ///   - rollback: what undoes it.
    /// - Throws: what the kernel or iptables refused.
    package mutating func add(
        _ addresses: [InterfaceAddress], by interface: String?, _ rollback: inout Rollback
    ) throws(SystemError) {
        guard !addresses.isEmpty else { return }
        guard var open = socket.take() else {
            let masquerade = IptablesMasquerade(attachment)
            try masquerade.add(addresses)
            return rollback.register("masquerade") { try masquerade.remove(addresses.map(\.address)) }
        }
        let (table, attachment) = (configuration.table, attachment)
        try table.add(addresses, by: interface, for: attachment, on: &open)
        socket = consume open
        rollback.register("masquerade") {
            var nftables = try NftablesSocket()
            try table.remove(addresses.map(\.address), by: interface, of: attachment, on: &nftables)
        }
    }
}
