import Addressing
import TestSupport
import Testing

@testable import AddressPools

struct AddressPoolTests {
    private func pool(_ sets: [[String]]) throws -> AddressPool {
        try AddressPool(sets.map { try RangeSet($0.map(AddressRange.init(text:))) })
    }

    struct Overlap: CustomTestStringConvertible {
        let one: String
        let other: String
        let overlaps: Bool

        var testDescription: String { "\(one), \(other)" }
    }

    @Test(arguments: [
        Overlap(one: "192.168.0.0/24", other: "192.168.1.0/24", overlaps: false),
        Overlap(one: "0.0.0.0/24", other: "::/120", overlaps: false),
        Overlap(one: "192.168.0.0/24", other: "192.168.0.0/24", overlaps: true),
        Overlap(one: "192.168.0.0/20", other: "192.168.2.0/24", overlaps: true),
        Overlap(
            one: "192.168.0.0/24 192.168.0.1 192.168.0.127", other: "192.168.0.0/24 192.168.0.128 192.168.0.254",
            overlaps: false),
        Overlap(
            one: "192.168.0.0/24 192.168.0.1 192.168.0.127", other: "192.168.0.0/24 192.168.0.127 192.168.0.254",
            overlaps: true),
    ])
    func refusesSetsThatShareAnAddress(_ example: Overlap) throws {
        for (one, other) in [(example.one, example.other), (example.other, example.one)] {
            if example.overlaps {
                #expect(throws: AddressPool.Defect(message: "range set 0 overlaps with 1", path: nil)) {
                    try pool([[one], [other]])
                }
            } else {
                #expect(try pool([[one], [other]]).sets.count == 2)
            }
        }
    }

    @Test func refusesNoSets() {
        #expect(throws: AddressPool.Defect(message: "no IP ranges specified", path: nil)) { try pool([]) }
    }

    @Test func knowsWhereAnAddressIs() throws {
        let pool = try pool([["10.1.0.0/24", "10.3.0.0/24"], ["10.2.0.0/24"], ["2001:db8::/64"]])
        let places = ["10.1.0.1", "10.3.0.254", "10.2.0.7", "2001:db8::1", "10.1.0.255", "10.4.0.1", "::1"]
            .map { IPAddress($0).flatMap(pool.place) }
        #expect(places.map { $0?.set } == [0, 0, 1, 2, nil, nil, nil])
        #expect(
            places.map { $0.map { "\($0.range.subnet)" } }
                == ["10.1.0.0/24", "10.3.0.0/24", "10.2.0.0/24", "2001:db8::/64", nil, nil, nil])
    }

    /// The pair that the plainest search finds first, which is the one that the reference names.
    @Test func findsTheFirstOverlap() throws {
        var generator = SeededGenerator(seed: 5)
        func range() throws -> IPRange {
            let number = Int.random(in: 0..<60, using: &generator)
            let first = try #require(IPAddress.any(.v4).advanced(by: number))
            let last = try #require(first.advanced(by: .random(in: 0..<6, using: &generator)))
            return try #require(IPRange(first: first, last: last))
        }
        var found = 0
        for _ in 0..<2000 {
            var groups: [[IPRange]] = []
            for _ in 0..<Int.random(in: 0..<6, using: &generator) {
                var group: [IPRange] = []
                for _ in 0..<3 {
                    let range = try range()
                    if !group.contains(where: { $0.overlaps(range) }) { group.append(range) }
                }
                groups.append(group)
            }
            var expected: (Int, Int)?
            for one in groups.indices {
                for other in groups.indices where other > one && expected == nil {
                    if groups[one].contains(where: { range in groups[other].contains { $0.overlaps(range) } }) {
                        expected = (one, other)
                    }
                }
            }
            let overlap = firstOverlap(of: groups)
            #expect(overlap?.0 == expected?.0 && overlap?.1 == expected?.1, "\(groups)")
            if expected != nil { found += 1 }
        }
        #expect(500..<1900 ~= found)
    }
}
