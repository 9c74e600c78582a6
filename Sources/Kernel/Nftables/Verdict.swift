/// What becomes of a packet.
package enum Verdict: Hashable, Sendable {
    /// Ends this hook's base chain.
    case accept
    case drop
    /// Goes on behind the rule that led here, or with the base chain's policy.
    case `return`
    /// Goes to a chain of the same table, and comes back at its end.
    case jump(to: String)
    /// Goes to a chain of the same table, and does not come back to this one.
    case goto(String)
    /// What has no name here, by its number in the kernel.
    case other(Int32)

    /// The chain that it leads to.
    package var target: String? {
        switch self {
        case .accept, .drop, .return, .other: nil
        case .jump(let chain), .goto(let chain): chain
        }
    }
}
