import Addressing
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import Leases

struct AddressTreeTests {
    private let capacity = 1 << 13

    private func table() -> SlotTable {
        SlotTable(offset: 0, slotSize: AddressTree.slotSize, capacity: capacity)
    }

    private func storage() throws -> IndexStorage {
        let storage = IndexStorage.memory(SparseBytes())
        try table().clear(in: storage)
        return storage
    }

    struct Space: CustomTestStringConvertible {
        let first: String
        let last: String

        var testDescription: String { "\(first)-\(last)" }
    }

    @Test(arguments: [
        Space(first: "10.0.0.0", last: "10.0.0.3"),
        Space(first: "10.0.1.200", last: "10.0.3.100"),
        Space(first: "0.0.0.0", last: "0.0.6.255"),
        Space(first: "255.255.250.0", last: "255.255.255.255"),
        Space(first: "2001:db8::1ff", last: "2001:db8::7fe"),
        Space(first: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:f000", last: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func findsWhatASetOfAddressesFinds(_ space: Space) throws {
        let first = try #require(IPAddress(space.first))
        let last = try #require(IPAddress(space.last))
        let size = Int(last.bits - first.bits) + 1
        let file = try storage()
        let tree = AddressTree(table: table(), family: first.family)
        var generator = SeededGenerator(seed: UInt64(size))
        var model = Set<Int>()
        var nodes = 0
        // Mostly adding at first and mostly removing then, so that nodes become full and empty.
        for step in 0..<4 * size {
            let offset = Int.random(in: 0..<size, using: &generator)
            let address = try #require(first.advanced(by: offset))
            if Int.random(in: 0..<4 * size, using: &generator) >= step {
                nodes += try tree.insert(address, in: file)
                model.insert(offset)
            } else {
                nodes -= try tree.remove(address, in: file)
                model.remove(offset)
            }
            guard step % 7 == 0 else { continue }
            let from = Int.random(in: 0..<size, using: &generator)
            let start = try #require(first.advanced(by: from))
            let range = try #require(IPRange(first: start, last: last))
            let expected = (from..<size).first { !model.contains($0) }.flatMap { first.advanced(by: $0) }
            #expect(try tree.firstFree(in: range, in: file) == expected)
            for total in [nodes, .max] {
                #expect(try tree.count(in: [range], ofNodes: total, in: file) == model.count { $0 >= from })
            }
        }
        for offset in model { nodes -= try tree.remove(try #require(first.advanced(by: offset)), in: file) }
        #expect(nodes == 0)
    }

    @Test func findsTheOneFreeAddressAtTheFarEndOfAFullNetwork() throws {
        let network = try #require(CIDR("10.1.0.0/20"))
        let all = try #require(IPRange(first: network.first, last: network.last))
        let file = try storage()
        let tree = AddressTree(table: table(), family: .v4)
        for offset in 0..<4095 {
            _ = try tree.insert(try #require(network.first.advanced(by: offset)), in: file)
        }
        #expect(try tree.firstFree(in: all, in: file) == network.last)
        _ = try tree.insert(network.last, in: file)
        #expect(try tree.firstFree(in: all, in: file) == nil)
        #expect(try tree.count(in: [all], ofNodes: 0, in: file) == 4096)
    }

    @Test func goesOverManyFullNodesInAWideNetwork() throws {
        let first = try #require(IPAddress("2001:db8::"))
        let network = try #require(CIDR("2001:db8::/64"))
        let all = try #require(IPRange(first: network.first, last: network.last))
        let file = try storage()
        let tree = AddressTree(table: table(), family: .v6)
        for offset in 0..<6_000 { _ = try tree.insert(try #require(first.advanced(by: offset)), in: file) }
        #expect(try tree.firstFree(in: all, in: file) == first.advanced(by: 6_000))
    }

    @Test func keepsFamiliesApart() throws {
        let file = try storage()
        let four = try #require(IPAddress("0.0.0.5"))
        let six = try #require(IPAddress("::5"))
        _ = try AddressTree(table: table(), family: .v4).insert(four, in: file)
        let range = try #require(IPRange(first: six, last: six))
        #expect(try AddressTree(table: table(), family: .v6).firstFree(in: range, in: file) == six)
    }
}
