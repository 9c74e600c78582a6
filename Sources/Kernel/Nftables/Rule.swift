/// Statements that a packet goes through one by one, until one does not match or decides.
package struct Rule: Hashable, Sendable {
    package var chain: Chain
    package var statements: [Statement]
    /// At most 128 bytes, without double quotes; nil for none.
    package var comment: String?

    package init(in chain: Chain, _ statements: Statement..., comment: String? = nil) {
        self.chain = chain
        self.statements = statements
        self.comment = comment
    }
}

/// What tells rules in the kernel apart.
package struct ListedRule: Hashable, Sendable {
    /// The number that deletes it.
    package let handle: UInt64
    /// As nft(8) would show it; iptables keeps its comments elsewhere.
    package let comment: String?
    /// The verdict at its end; nil when it has none, or takes it from a map.
    package let verdict: Verdict?
}
