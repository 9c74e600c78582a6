import CLinux

/// Where a step of a rule leaves what it has loaded for the steps that follow.
///
/// There are sixteen words of four bytes; what is longer goes on in the words behind.
struct Register: Hashable, Sendable {
    /// Of `enum nft_registers`.
    let number: UInt32

    /// Where a verdict goes.
    static let verdict = Register(number: UInt32(NFT_REG_VERDICT.rawValue))
    static let first = Register(word: 0)

    /// The register that begins with a word, the first of which is 0.
    init(word: Int) {
        // Every fourth word also begins a register of 16 bytes, which the kernel lists instead.
        let (base, offset) =
            word.isMultiple(of: 4) ? (NFT_REG_1.rawValue, word / 4) : (NFT_REG32_00.rawValue, word)
        number = base + UInt32(truncatingIfNeeded: offset)
    }

    private init(number: UInt32) {
        self.number = number
    }
}
