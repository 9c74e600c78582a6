/// Statements that a packet goes through one by one, until one does not match or decides.
public struct Rule: Hashable, Sendable {
    public var chain: Chain
    public var statements: [Statement]
    /// At most 128 bytes, without double quotes; nil for none.
    public var comment: String?

    public init(in chain: Chain, _ statements: Statement..., comment: String? = nil) {
        self.chain = chain
        self.statements = statements
        self.comment = comment
    }
}

/// What tells rules in the kernel apart.
public struct ListedRule: Hashable, Sendable {
    /// The number that deletes it.
    public let handle: UInt64
    /// As nft(8) would show it; iptables keeps its comments elsewhere.
    public let comment: String?
    /// The verdict at its end; nil when it has none, or takes it from a map.
    public let verdict: Verdict?
}
