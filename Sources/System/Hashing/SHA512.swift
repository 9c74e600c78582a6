/// SHA-512, FIPS 180-4: the names that the reference derives from identifiers are its digests.
package enum SHA512 {
    /// The digest, 64 bytes.
    package static func digest(of bytes: some Collection<UInt8>) -> [UInt8] {
        var state = initialState
        var message: [UInt8] = []
        message.reserveCapacity(bytes.count + 2 * blockSize)
        message += bytes
        let bitCount = UInt64(truncatingIfNeeded: message.count) &* 8
        message.append(0x80)
        // The count has 128 bits, of which the upper half is zero here.
        let rest = (message.count + 16) % blockSize
        message += repeatElement(0, count: (rest == 0 ? 0 : blockSize - rest) + 8)
        append(bitCount, to: &message)
        for start in stride(from: 0, to: message.count, by: blockSize) {
            compress(message.span.extracting(start..<start + blockSize), into: &state)
        }
        var digest: [UInt8] = []
        digest.reserveCapacity(8 * state.count)
        for index in state.indices { append(state[index], to: &digest) }
        return digest
    }

    /// The first bytes of the digest of a text, in lower-case hexadecimal digits.
    ///
    /// - Parameters:
    ///   - text: hashed as UTF-8.
    ///   - digits: how many digits, at most 128.
    /// - Returns: the digits.
    package static func hexadecimal(_ text: String, digits: Int) -> String {
        let alphabet = Array("0123456789abcdef")
        let all = digest(of: text.utf8).flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }
        return String(all.prefix(digits))
    }

    private static let blockSize = 128

    /// The most significant byte first.
    private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
        for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * index))) }
    }

    private static func compress(_ block: Span<UInt8>, into state: inout [8 of UInt64]) {
        var schedule = [80 of UInt64](repeating: 0)
        for index in block.indices {
            schedule[index / 8] = schedule[index / 8] << 8 | UInt64(block[index])
        }
        for index in 16..<80 {
            let (old, new) = (schedule[index - 15], schedule[index - 2])
            let small0 = rotated(old, 1) ^ rotated(old, 8) ^ (old >> 7)
            let small1 = rotated(new, 19) ^ rotated(new, 61) ^ (new >> 6)
            schedule[index] = schedule[index - 16] &+ small0 &+ schedule[index - 7] &+ small1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<80 {
            let big1 = rotated(e, 14) ^ rotated(e, 18) ^ rotated(e, 41)
            let first = h &+ big1 &+ ((e & f) ^ (~e & g)) &+ constants[index] &+ schedule[index]
            let big0 = rotated(a, 28) ^ rotated(a, 34) ^ rotated(a, 39)
            let second = big0 &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        let sums: [8 of UInt64] = [a, b, c, d, e, f, g, h]
        for index in state.indices { state[index] &+= sums[index] }
    }

    private static func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
        word >> count | word << (64 - count)
    }

    /// The fractional parts of the square roots of the first 8 primes.
    private static let initialState: [8 of UInt64] = [
        0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
        0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
    ]

    /// The fractional parts of the cube roots of the first 80 primes.
    private static let constants: [80 of UInt64] = [
        0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
        0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
        0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
        0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
        0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
        0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
        0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
        0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
        0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
        0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
        0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
        0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
        0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
        0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
        0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
        0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
        0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
        0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
        0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
        0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
    ]
}
