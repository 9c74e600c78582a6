import LinuxSystem

/// A hash table in a part of a file: slots of one size, found by the hash that they begin with.
///
/// Open addressing with linear probing; removing moves later slots up, so nothing but slots in use is ever searched
/// through. Which slots are in use is told by blocks of bits in front of the slots, and both end in a check of
/// themselves: whoever searches reads nothing that does not check, and that something is not there is known from a
/// block and not from a hole. A slot or a block lies in one page of the file and is written by one call.
struct SlotTable: Sendable {
    /// Where the table begins in the file, a multiple of the slot size.
    let offset: Int
    /// A power of two, at most 4096, of which the last eight bytes are the table's own.
    let slotSize: Int
    /// A power of two; the user sees to it that some slots stay empty.
    let capacity: Int

    struct Position {
        fileprivate let index: Int
    }

    /// What a slot has for its user.
    static func room(in slotSize: Int) -> Int { slotSize - checkSize }

    private static let checkSize = 8

    /// Writes a table without a slot in use.
    ///
    /// - Throws: the error of pwrite(2).
    func clear(in storage: borrowing IndexStorage) throws(SystemError) {
        let empty = Block(number: 0, bits: Bitmap512()).bytes
        try storage.write(Array(repeatElement(empty, count: blockCount).joined()), at: offset)
    }

    /// The first slot of a hash that a body finds to be the right one.
    ///
    /// - Throws: `EBADMSG` where something does not check, or the error of pread(2).
    func find(
        _ hash: UInt64, in storage: borrowing IndexStorage, where isRight: ([UInt8]) -> Bool
    ) throws(SystemError) -> Found? {
        var found: Found?
        try search(hash, in: storage) { position, slot in
            guard isRight(slot) else { return true }
            found = (position, slot)
            return false
        }
        return found
    }

    typealias Found = (position: Position, slot: [UInt8])

    /// Hands out the slots of a hash in the order of their positions, as long as a body wants to go on.
    ///
    /// - Throws: `EBADMSG` where something does not check, or the error of pread(2).
    func search(
        _ hash: UInt64, in storage: borrowing IndexStorage, _ goesOn: (Position, [UInt8]) -> Bool
    ) throws(SystemError) {
        var index = home(of: hash)
        var block = try block(of: index, storage)
        for _ in 0..<capacity {
            guard block.bits.contains(index & Block.mask) else { return }
            let slot = try slot(at: index, storage)
            if slot.integer(at: 0) == hash, !goesOn(Position(index: index), slot) { return }
            index = following(index)
            if index & Block.mask == 0 { block = try self.block(of: index, storage) }
        }
    }

    /// - Throws: the error of pwrite(2); `ENOSPC` when no slot is empty.
    func insert(_ slot: [UInt8], in storage: borrowing IndexStorage) throws(SystemError) {
        var index = home(of: slot.integer(at: 0))
        for _ in 0...blockCount {
            var block = try block(of: index, storage)
            if let bit = block.bits.firstZero(from: index & Block.mask), block.first + bit < capacity {
                try write(slot, at: block.first + bit, storage)
                _ = block.bits.insert(bit)
                return try write(block, storage)
            }
            index = (block.first + Bitmap512.width) & (capacity - 1)
        }
        throw SystemError("insert into lease index", nil, .noSpace)
    }

    /// Writes another slot of the same hash in the place of one.
    func replace(
        _ position: Position, with slot: [UInt8], in storage: borrowing IndexStorage
    ) throws(SystemError) {
        try write(slot, at: position.index, storage)
    }

    /// Removes a slot; those at positions in front of it stay where they are.
    func remove(_ position: Position, in storage: borrowing IndexStorage) throws(SystemError) {
        var hole = position.index
        var index = following(hole)
        var block = try block(of: index, storage)
        for _ in 0..<capacity {
            guard block.bits.contains(index & Block.mask) else { break }
            let slot = try slot(at: index, storage)
            // A slot may move up to its home and no further.
            if distance(from: home(of: slot.integer(at: 0)), to: index) >= distance(from: hole, to: index) {
                try write(slot, at: hole, storage)
                hole = index
            }
            index = following(index)
            if index & Block.mask == 0 { block = try self.block(of: index, storage) }
        }
        var last = try self.block(of: hole, storage)
        _ = last.bits.remove(hole & Block.mask)
        try write(last, storage)
    }

    /// Hands out all slots in use.
    ///
    /// - Parameters:
    ///   - storage: where the table is.
    ///   - passesOverDamage: whether what does not check is left out.
    ///   - body: takes a slot.
    /// - Throws: `EBADMSG` where something does not check, or the error of pread(2).
    func forEach(
        in storage: borrowing IndexStorage, passingOverDamage passesOverDamage: Bool = false,
        _ body: ([UInt8]) -> Void
    ) throws(SystemError) {
        func unlessDamaged<Value>(_ read: () throws(SystemError) -> Value) throws(SystemError) -> Value? {
            do throws(SystemError) {
                return try read()
            } catch  where passesOverDamage && error.code == .badMessage {
                return nil
            }
        }
        // So many blocks at once that reading them takes no time beside what they tell of.
        let chunk = 256
        for first in stride(from: 0, to: blockCount, by: chunk) {
            let count = min(chunk, blockCount - first)
            let bytes = try storage.read(count: count * Block.size, at: offset + first * Block.size)
            for number in 0..<count {
                let part = bytes.dropFirst(number * Block.size).prefix(Block.size)
                guard let block = try unlessDamaged({ () throws(SystemError) in try block(first + number, part) })
                else { continue }
                for bit in block.bits.numbers {
                    if let slot = try unlessDamaged({ () throws(SystemError) in
                        try slot(at: block.first + bit, storage)
                    }) {
                        body(slot)
                    }
                }
            }
        }
    }

    /// Where the table ends in the file.
    var end: Int { slots + capacity * slotSize }

    /// Where the slots begin in the file.
    private var slots: Int { offset + blockCount * Block.size }

    private var blockCount: Int { (capacity + Bitmap512.width - 1) / Bitmap512.width }

    private func home(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (capacity - 1) }

    private func following(_ index: Int) -> Int { (index + 1) & (capacity - 1) }

    private func distance(from start: Int, to index: Int) -> Int { (index - start) & (capacity - 1) }

    private func slot(at index: Int, _ storage: borrowing IndexStorage) throws(SystemError) -> [UInt8] {
        let bytes = try storage.read(count: slotSize, at: slots + index * slotSize)
        guard bytes.count == slotSize, Self.checks(bytes) else { throw .damagedIndex }
        return bytes
    }

    private func write(
        _ slot: [UInt8], at index: Int, _ storage: borrowing IndexStorage
    ) throws(SystemError) {
        try storage.write(
            Self.checked(slot.prefix(slotSize - Self.checkSize), size: slotSize), at: slots + index * slotSize)
    }

    /// Which of 512 slots are in use.
    private struct Block {
        let number: Int
        var bits: Bitmap512

        /// Bytes in the file; a power of two, so that no block is in two pages.
        static let size = 128
        /// What the number of a slot has in front of its number in the block.
        static let mask = Bitmap512.width - 1

        var first: Int { number * Bitmap512.width }
        var bytes: [UInt8] { SlotTable.checked(bits.bytes[...], size: Self.size) }
    }

    private func block(of index: Int, _ storage: borrowing IndexStorage) throws(SystemError) -> Block {
        let number = index / Bitmap512.width
        return try block(number, try storage.read(count: Block.size, at: offset + number * Block.size)[...])
    }

    private func block(_ number: Int, _ bytes: ArraySlice<UInt8>) throws(SystemError) -> Block {
        let bytes = Array(bytes)
        guard bytes.count == Block.size, Self.checks(bytes) else { throw .damagedIndex }
        return Block(number: number, bits: Bitmap512(bytes: bytes, at: 0))
    }

    private func write(_ block: Block, _ storage: borrowing IndexStorage) throws(SystemError) {
        try storage.write(block.bytes, at: offset + block.number * Block.size)
    }

    /// Fills up with zeros, and ends in the check of all that.
    private static func checked(_ bytes: ArraySlice<UInt8>, size: Int) -> [UInt8] {
        var checked = Array(bytes)
        checked += [UInt8](repeating: 0, count: max(0, size - checkSize - bytes.count))
        checked.append(integer: stableHash(checked))
        return checked
    }

    /// Never true of zeros, which is what a file reads as where something was lost.
    private static func checks(_ bytes: [UInt8]) -> Bool {
        bytes.integer(at: bytes.count - checkSize) == stableHash(bytes.dropLast(checkSize))
    }
}
