import LinuxSystem
import TestSupport
import Testing

@testable import Leases

struct SlotTableTests {
    private let table = SlotTable(offset: 64, slotSize: 32, capacity: 64)

    private func slot(_ hash: UInt64, _ value: UInt64) -> [UInt8] {
        var slot: [UInt8] = []
        slot.append(integer: hash)
        slot.append(integer: value)
        return slot
    }

    private func storage(_ table: SlotTable) throws -> IndexStorage {
        let storage = IndexStorage.memory(SparseBytes())
        try table.clear(in: storage)
        return storage
    }

    /// Few homes and the last ones among them, so that runs of slots meet, go round the end, and move up.
    @Test(arguments: 0..<20)
    func holdsWhatADictionaryHolds(seed: Int) throws {
        let storage = try storage(table)
        var generator = SeededGenerator(seed: UInt64(seed))
        var model: [UInt64: UInt64] = [:]
        for step in 0..<2000 as Range<UInt64> {
            let value = UInt64.random(in: 0..<48, using: &generator)
            let hash = [60, 61, 62, 63, 124, 127][Int(value % 6)]
            let found = try table.find(UInt64(hash), in: storage) { $0.integer(at: 8) & 0xff == value }
            #expect(found?.slot.integer(at: 8) == model[value])
            switch (found, Bool.random(using: &generator)) {
            case (let found?, true):
                try table.remove(found.position, in: storage)
                model[value] = nil
            case (let found?, false):
                model[value] = step << 8 | value
                try table.replace(found.position, with: slot(UInt64(hash), step << 8 | value), in: storage)
            case (nil, _):
                model[value] = step << 8 | value
                try table.insert(slot(UInt64(hash), step << 8 | value), in: storage)
            }
        }
        var all: [UInt64: UInt64] = [:]
        try table.forEach(in: storage) { all[$0.integer(at: 8) & 0xff] = $0.integer(at: 8) }
        #expect(all == model)
    }

    /// A run of slots that goes over from one block of bits to the next, and over the end.
    @Test func searchesInTheNextBlock() throws {
        let table = SlotTable(offset: 0, slotSize: 32, capacity: 1024)
        let storage = try storage(table)
        for value in 0..<600 as Range<UInt64> { try table.insert(slot(1000, value), in: storage) }
        for value in [0, 23, 24, 535, 536, 599] as [UInt64] {
            let found = try table.find(1000, in: storage) { $0.integer(at: 8) == value }
            try table.remove(try #require(found?.position), in: storage)
            let again = try table.find(1000, in: storage) { $0.integer(at: 8) == value }
            #expect(again?.slot == nil)
        }
        var count = 0
        _ = try table.find(1000, in: storage) { _ in
            count += 1
            return false
        }
        #expect(count == 594)
    }

    @Test func refusesMoreThanItHolds() throws {
        let storage = try storage(table)
        for value in 0..<64 as Range<UInt64> { try table.insert(slot(7, value), in: storage) }
        #expect(throws: SystemError.self) { try table.insert(slot(7, 64), in: storage) }
        let absent = try table.find(9, in: storage) { _ in true }
        #expect(absent?.slot == nil)
    }

    /// Whatever was lost or changed: there is an answer only where what it was taken from is as it was written.
    @Test func answersNothingThatDoesNotCheck() throws {
        let bytes = SparseBytes()
        let storage = IndexStorage.memory(bytes)
        try table.clear(in: storage)
        for hash in [7, 8, 20] as [UInt64] { try table.insert(slot(hash, hash), in: storage) }
        // Seven is no divisor of a slot: every place of one is met in some slot.
        for position in stride(from: 64, to: table.end, by: 7) {
            let old = bytes.read(count: 1, at: position)
            bytes.write([old[0] ^ 0x10], at: position)
            for hash in [7, 8, 9, 20, 30] as [UInt64] {
                do {
                    let found = try table.find(hash, in: storage) { $0.integer(at: 8) == hash }
                    #expect((found?.slot == nil) == [9, 30].contains(hash), "\(hash), byte \(position)")
                } catch {
                    #expect(error.code == .badMessage)
                }
            }
            bytes.write(old, at: position)
        }
        // What a file reads as where it was lost.
        for (start, count) in [(64, table.end - 64), (64, 128), (192, table.end - 192)] {
            let old = bytes.read(count: count, at: start)
            bytes.write([UInt8](repeating: 0, count: count), at: start)
            #expect(throws: SystemError("read lease index", nil, .badMessage)) {
                _ = try table.find(7, in: storage) { _ in true }
            }
            bytes.write(old, at: start)
        }
    }
}
