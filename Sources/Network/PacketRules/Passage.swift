import LinuxSystem
import Nftables

/// A way through the chains of others that drop what they do not know.
///
/// A packet passes only if no table drops it, so a table of our own cannot let anything through. Every chain of nf_tables
/// whose policy is to drop, or which ends with a rule that refuses everything, as iptables(8), Docker and firewalls make
/// them, gets rules before its own that accept. Rules of iptables-legacy are not in nf_tables.
struct Passage: Sendable {
    /// What the rules are known by.
    let comment: String
    /// The table whose chains are not others'.
    let table: String
    /// What lets through in a chain; nothing where no packet comes that is to be let through.
    let rules: @Sendable (Chain) -> [Rule]

    /// The chains that drop what is to be let through.
    func closed(_ socket: inout NftablesSocket) throws(SystemError) -> [Chain] {
        var closed: [Chain] = []
        for chain in try socket.forwardingFilters() where chain.table.name != table {
            let present = try socket.rules(in: chain)
            let drops = chain.hook?.policy == .drop || present.last?.refusesEverything == true
            let isOpen = rules(chain).allSatisfy { wanted in present.contains { $0.decides(as: wanted) } }
            if drops && !isOpen { closed.append(chain) }
        }
        return closed
    }

    /// Opens the chains that are closed.
    ///
    /// - Returns: these.
    @discardableResult
    func open(
        in transaction: inout NftablesTransaction, _ socket: inout NftablesSocket
    ) throws(SystemError) -> [Chain] {
        let closed = try closed(&socket)
        for chain in closed {
            // One that others have changed admits something else.
            for rule in try socket.rules(in: chain) where rule.anyComment == comment {
                transaction.delete(rule, in: chain)
            }
            for rule in rules(chain).reversed() { transaction.insert(rule) }
        }
        return closed
    }

    /// Takes the rules away, those that are wanted aside.
    ///
    /// - Returns: the chains that had some.
    @discardableResult
    func close(
        in transaction: inout NftablesTransaction, _ socket: inout NftablesSocket, except wanted: Passage? = nil
    ) throws(SystemError) -> [Chain] {
        var changed: [Chain] = []
        for chain in try socket.forwardingFilters() {
            let kept = wanted?.rules(chain) ?? []
            let stale = try socket.rules(in: chain).filter { rule in
                rule.anyComment == comment && !kept.contains { rule.decides(as: $0) }
            }
            for rule in stale { transaction.delete(rule, in: chain) }
            if !stale.isEmpty { changed.append(chain) }
        }
        return changed
    }
}
