import LinuxSystem

/// A hash table in a part of a file: slots of one size, found by the hash that they begin with.
///
/// Open addressing with linear probing; removing moves later slots up, so nothing but slots in use is ever searched
/// through. A slot lies in one page of the file and is written by one call. Zero in place of the hash means empty,
/// which is what a hole in the file reads as: space is taken by what is in use.
struct SlotTable: Sendable {
    /// Where the table begins in the file, a multiple of the slot size.
    let offset: Int
    /// A power of two, at most 4096.
    let slotSize: Int
    /// A power of two; the user sees to it that some slots stay empty.
    let capacity: Int

    struct Position {
        fileprivate let index: Int
    }

    /// The first slot of a hash that a body finds to be the right one.
    func find(
        _ hash: UInt64, in file: borrowing FileDescriptor, where isRight: ([UInt8]) -> Bool
    ) throws(SystemError) -> (position: Position, slot: [UInt8])? {
        var index = home(of: hash)
        for _ in 0..<capacity {
            let slot = try slot(at: index, file)
            switch slot.integer(at: 0, as: UInt64.self) {
            case 0: return nil
            case hash where isRight(slot): return (Position(index: index), slot)
            default: index = following(index)
            }
        }
        return nil
    }

    /// - Throws: the error of pwrite(2); `ENOSPC` when no slot is empty.
    func insert(_ slot: [UInt8], in file: borrowing FileDescriptor) throws(SystemError) {
        var index = home(of: slot.integer(at: 0))
        for _ in 0..<capacity {
            guard try self.slot(at: index, file).integer(at: 0, as: UInt64.self) != 0 else {
                return try write(slot, at: index, file)
            }
            index = following(index)
        }
        throw SystemError("insert into lease index", nil, .noSpace)
    }

    /// Writes another slot of the same hash in the place of one.
    func replace(
        _ position: Position, with slot: [UInt8], in file: borrowing FileDescriptor
    ) throws(SystemError) {
        try write(slot, at: position.index, file)
    }

    func remove(_ position: Position, in file: borrowing FileDescriptor) throws(SystemError) {
        var hole = position.index
        var index = hole
        for _ in 0..<capacity {
            index = following(index)
            let slot = try slot(at: index, file)
            let hash: UInt64 = slot.integer(at: 0)
            guard hash != 0 else { break }
            // A slot may move up to its home and no further.
            guard distance(from: home(of: hash), to: index) >= distance(from: hole, to: index) else { continue }
            try write(slot, at: hole, file)
            hole = index
        }
        try write([UInt8](repeating: 0, count: slotSize), at: hole, file)
    }

    /// Hands out all slots in use.
    func forEach(in file: borrowing FileDescriptor, _ body: ([UInt8]) -> Void) throws(SystemError) {
        let chunk = max(slotSize, min(1 << 20, capacity * slotSize))
        for start in stride(from: offset, to: end, by: chunk) {
            let bytes = try file.read(count: min(chunk, end - start), at: start)
            for slot in stride(from: 0, to: bytes.count - slotSize + 1, by: slotSize)
            where bytes.integer(at: slot, as: UInt64.self) != 0 {
                body(Array(bytes[slot..<slot + slotSize]))
            }
        }
    }

    /// Where the table ends in the file.
    var end: Int { offset + capacity * slotSize }

    private func home(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (capacity - 1) }

    private func following(_ index: Int) -> Int { (index + 1) & (capacity - 1) }

    private func distance(from start: Int, to index: Int) -> Int { (index - start) & (capacity - 1) }

    private func slot(at index: Int, _ file: borrowing FileDescriptor) throws(SystemError) -> [UInt8] {
        let bytes = try file.read(count: slotSize, at: offset + index * slotSize)
        return bytes.padded(to: slotSize) ?? bytes
    }

    private func write(_ slot: [UInt8], at index: Int, _ file: borrowing FileDescriptor) throws(SystemError) {
        try file.write(slot.span, at: offset + index * slotSize)
    }
}
