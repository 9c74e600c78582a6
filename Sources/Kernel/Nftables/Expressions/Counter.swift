import CLinux

extension Expression.Kind {
    static let counter = Expression.Kind(
        "counter", [NFTA_COUNTER_BYTES.rawValue: .ignored, NFTA_COUNTER_PACKETS.rawValue: .ignored])
}

extension Expression {
    /// Counts packets and bytes: `counter`.
    static let counter = Expression(.counter, [:])
}
