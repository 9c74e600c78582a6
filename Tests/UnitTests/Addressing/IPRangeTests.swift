import Addressing
import Testing

struct IPRangeTests {
    private func range(_ first: String, _ last: String) throws -> IPRange {
        let ends = try [first, last].map { try #require(IPAddress($0)) }
        return try #require(IPRange(first: ends[0], last: ends[1]))
    }

    @Test func includesBothEnds() throws {
        let range = try range("10.0.0.1", "10.0.0.9")
        #expect(range.description == "10.0.0.1-10.0.0.9")
        #expect(range.count == 9)
        #expect(range.contains(range.first) && range.contains(range.last))
        for outside in [range.first.previous, range.last.next] {
            let outside = try #require(outside)
            #expect(!range.contains(outside))
        }
        #expect(!range.contains(.any(.v6)))
    }

    @Test func refusesReversedAndMixedEnds() throws {
        let low = try #require(IPAddress("10.0.0.1"))
        let high = try #require(low.next)
        #expect(IPRange(first: high, last: low) == nil)
        #expect(IPRange(first: low, last: .any(.v6)) == nil)
        #expect(IPRange(first: .any(.v6), last: high) == nil)
        #expect(IPRange(first: low, last: low)?.count == 1)
    }

    @Test func countsUpToTheWholeSpace() throws {
        #expect(try range("0.0.0.0", "255.255.255.255").count == 1 << 32)
        #expect(try range("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").count == .max)
        #expect(try range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").count == .max)
    }

    struct Pair: Sendable {
        let left: [String]
        let right: [String]
        let overlaps: Bool
    }

    @Test(arguments: [
        Pair(left: ["10.0.0.1", "10.0.0.5"], right: ["10.0.0.5", "10.0.0.9"], overlaps: true),
        Pair(left: ["10.0.0.1", "10.0.0.4"], right: ["10.0.0.5", "10.0.0.9"], overlaps: false),
        Pair(left: ["10.0.0.1", "10.0.0.9"], right: ["10.0.0.3", "10.0.0.4"], overlaps: true),
        Pair(left: ["0.0.0.0", "255.255.255.255"], right: ["::", "::ff"], overlaps: false),
    ])
    func findsOverlaps(_ example: Pair) throws {
        let left = try range(example.left[0], example.left[1])
        let right = try range(example.right[0], example.right[1])
        #expect(left.overlaps(right) == example.overlaps)
        #expect(right.overlaps(left) == example.overlaps)
    }
}
