/// The hash FNV-1a with 64 bits, as in draft-eastlake-fnv: the same in every process, and quick for short texts.
///
/// It is no secret and no signature: whoever chooses the text can choose the hash.
public enum FNV1a {
    @inlinable
    public static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// The hash of a text in sixteen hexadecimal digits.
    public static func hexadecimal(_ text: String) -> String {
        let digits = String(hash(text.utf8), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
