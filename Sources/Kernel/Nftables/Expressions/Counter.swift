import CLinux

extension Expression.Kind {
    static let counter = Expression.Kind(
        name: "counter",
        counts: [NFTA_COUNTER_BYTES.rawValue, NFTA_COUNTER_PACKETS.rawValue, NFTA_COUNTER_PAD.rawValue])
}

extension Expression {
    /// Counts packets and bytes: `counter`.
    static let counter = Expression(.counter)
}
