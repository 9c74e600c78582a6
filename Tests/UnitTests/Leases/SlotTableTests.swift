import LinuxSystem
import TestSupport
import Testing

@testable import Leases

struct SlotTableTests {
    private let table = SlotTable(offset: 64, slotSize: 16, capacity: 64)

    private func slot(_ hash: UInt64, _ value: UInt64) -> [UInt8] {
        var slot: [UInt8] = []
        slot.append(integer: hash)
        slot.append(integer: value)
        return slot
    }

    /// Few homes and the last ones among them, so that runs of slots meet, go round the end, and move up.
    @Test(arguments: 0..<20)
    func holdsWhatADictionaryHolds(seed: Int) throws {
        let file = try FileDescriptor.inMemory("table")
        var generator = SeededGenerator(seed: UInt64(seed))
        var model: [UInt64: UInt64] = [:]
        for step in 0..<2000 as Range<UInt64> {
            let value = UInt64.random(in: 0..<48, using: &generator)
            let hash = [60, 61, 62, 63, 124, 127][Int(value % 6)]
            let found = try table.find(UInt64(hash), in: file) { $0.integer(at: 8) & 0xff == value }
            #expect(found?.slot.integer(at: 8) == model[value])
            switch (found, Bool.random(using: &generator)) {
            case (let found?, true):
                try table.remove(found.position, in: file)
                model[value] = nil
            case (let found?, false):
                model[value] = step << 8 | value
                try table.replace(found.position, with: slot(UInt64(hash), step << 8 | value), in: file)
            case (nil, _):
                model[value] = step << 8 | value
                try table.insert(slot(UInt64(hash), step << 8 | value), in: file)
            }
        }
        var all: [UInt64: UInt64] = [:]
        try table.forEach(in: file) { all[$0.integer(at: 8) & 0xff] = $0.integer(at: 8) }
        #expect(all == model)
    }

    @Test func refusesMoreThanItHolds() throws {
        let file = try FileDescriptor.inMemory("table")
        for value in 0..<64 as Range<UInt64> { try table.insert(slot(7, value), in: file) }
        #expect(throws: SystemError.self) { try table.insert(slot(7, 64), in: file) }
        let absent = try table.find(9, in: file) { _ in true }
        #expect(absent?.slot == nil)
    }
}
