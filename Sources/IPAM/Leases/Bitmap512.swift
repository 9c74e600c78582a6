/// A set of the numbers from 0 to 511.
struct Bitmap512 {
    private var words = [UInt64](repeating: 0, count: 8)

    static let width = 512

    init() {}

    /// Reads 64 bytes of a block, zeros where it ends too early.
    init(bytes: [UInt8], at offset: Int) {
        for index in words.indices { words[index] = bytes.integer(at: offset + index * 8) }
    }

    /// 64 bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for word in words { bytes.append(integer: word) }
        return bytes
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    var isFull: Bool { words.allSatisfy { $0 == .max } }

    /// The numbers in the set, in their order.
    var numbers: [Int] { (0..<Self.width).filter(contains) }

    func contains(_ number: Int) -> Bool { words[number >> 6 & 7] >> (number & 63) & 1 == 1 }

    /// - Returns: false when the number was in the set already.
    mutating func insert(_ number: Int) -> Bool {
        let mask = UInt64(1) << (number & 63)
        defer { words[number >> 6 & 7] |= mask }
        return words[number >> 6 & 7] & mask == 0
    }

    /// - Returns: false when the number was not in the set.
    mutating func remove(_ number: Int) -> Bool {
        let mask = UInt64(1) << (number & 63)
        defer { words[number >> 6 & 7] &= ~mask }
        return words[number >> 6 & 7] & mask != 0
    }

    /// The first number from a given one on that is not in the set.
    func firstZero(from number: Int) -> Int? {
        for index in (number >> 6)..<words.count {
            let skipped = index == number >> 6 ? ~(UInt64.max << (number & 63)) : 0
            let zeros = ~words[index] & ~skipped
            if zeros != 0 { return index * 64 + zeros.trailingZeroBitCount }
        }
        return nil
    }

    /// How many numbers between two, both included, are in the set.
    func count(from first: Int, through last: Int) -> Int {
        (first >> 6...last >> 6).reduce(0) { sum, index in
            var word = words[index]
            if index == first >> 6 { word &= .max << (first & 63) }
            if index == last >> 6 { word &= .max >> (63 - last & 63) }
            return sum + word.nonzeroBitCount
        }
    }
}
