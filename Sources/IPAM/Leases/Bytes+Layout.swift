import Hashing

/// Integers in a block of bytes, least significant byte first.
extension [UInt8] {
    /// Zero where the block ends too early.
    func integer<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type = Value.self) -> Value {
        let width = Value.bitWidth / 8
        guard offset >= 0, offset + width <= count else { return 0 }
        return self[offset..<offset + width].reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    mutating func append(integer value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// Fills up with zeros, or nil when there is more already.
    func padded(to count: Int) -> [UInt8]? {
        self.count > count ? nil : self + [UInt8](repeating: 0, count: count - self.count)
    }
}

/// A hash of bytes that is the same in every process, never 0: FNV-1a with a finaliser, for places in tables.
func stableHash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash = FNV1a.hash(bytes)
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    return max(1, hash ^ hash >> 33)
}
