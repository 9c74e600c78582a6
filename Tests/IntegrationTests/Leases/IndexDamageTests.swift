import Foundation
import LinuxSystem
import TestSupport
import Testing

@testable import Leases

/// An index whose bytes are no longer what was written, under a stamp that is right: what it says is no answer.
struct IndexDamageTests {
    let scratch: ScratchStore

    init() throws {
        scratch = try ScratchStore()
        // Some that share a block and a node, and one that is alone.
        for number in 2..<6 { try scratch.reserve("10.0.0.\(number)", "c\(number)") }
        try scratch.reserve("2001:db8::5", "c6")
    }

    private var path: String { "\(scratch.directory.path)/.net/index" }

    /// Changes bytes in their place, which the directory of leases shows no trace of.
    private func overwrite(_ bytes: [UInt8], at offset: Int) throws {
        try FileDescriptor.open(path, O_WRONLY).write(bytes.span, at: offset)
    }

    /// The pages of the index that are not zeros.
    private func pages() throws -> [(offset: Int, bytes: [UInt8])] {
        let file = try FileDescriptor.open(path, O_RDONLY)
        let empty = [UInt8](repeating: 0, count: 4096)
        var pages: [(Int, [UInt8])] = []
        for offset in stride(from: 0, to: try file.status().size, by: 4096) {
            let bytes = try file.read(count: 4096, at: offset)
            if bytes != empty { pages.append((offset, bytes)) }
        }
        return pages
    }

    private func expectEverythingIsThere(_ damage: String) throws {
        for number in 2..<6 {
            #expect(try scratch.leases("c\(number)") == ["10.0.0.\(number)"], "\(damage)")
        }
        #expect(try scratch.leases("c6") == ["2001:db8::5"], "\(damage)")
        #expect(try scratch.leases("c7") == [], "\(damage)")
        #expect(try scratch.firstFree("10.0.0.2", "10.0.0.9") == "10.0.0.6", "\(damage)")
    }

    /// Of every page a byte that is not zero and one that is, at a place that differs from page to page.
    @Test func findsEveryLeaseWhereAByteIsAnother() throws {
        var generator = SeededGenerator(seed: 1)
        for (offset, bytes) in try pages() {
            for isZero in [false, true] {
                let places = bytes.indices.filter { (bytes[$0] == 0) == isZero }
                guard let place = places.randomElement(using: &generator) else { continue }
                try overwrite([bytes[place] ^ 0x40], at: offset + place)
                try expectEverythingIsThere("byte \(offset + place)")
            }
        }
    }

    /// Every byte of what is read for one owner.
    @Test func releasesWhateverByteIsAnother() throws {
        let text = try #require(
            try pages().lazy.compactMap { page in
                Data(page.bytes).range(of: Data("c2\r\neth0".utf8)).map { page.offset + $0.lowerBound }
            }.first)
        let slot = text - text % LeaseRecord.slotSize
        for place in slot..<slot + LeaseRecord.slotSize {
            let file = try FileDescriptor.open(path, O_RDONLY)
            try overwrite([try file.read(count: 1, at: place)[0] ^ 1], at: place)
            #expect(try scratch.release("c2") == ["10.0.0.2"], "byte \(place)")
            #expect(try scratch.reserve("10.0.0.2", "c2"))
        }
    }

    @Test func findsEveryLeaseWhereAPageWasLost() throws {
        for (offset, _) in try pages() {
            try overwrite([UInt8](repeating: 0, count: 4096), at: offset)
            try expectEverythingIsThere("page at \(offset)")
        }
    }

    @Test func findsEveryLeaseWhereAllButTheHeaderWasLost() throws {
        let file = try FileDescriptor.open(path, O_RDWR)
        let size = try file.status().size
        try file.resize(to: 4096)
        try file.resize(to: size)
        try expectEverythingIsThere("all but the header")
    }

    /// The format of version 0.1, which had no checks beside those of its records.
    @Test func takesAnIndexOfTheFormerFormatForNone() throws {
        let number = try scratch.indexNumber()
        var header = try FileDescriptor.open(path, O_RDONLY).read(count: 72, at: 0)
        header[6] = 1
        header.append(integer: stableHash(header))
        try overwrite(header, at: 0)
        try expectEverythingIsThere("former format")
        #expect(try scratch.indexNumber() != number)
    }
}
