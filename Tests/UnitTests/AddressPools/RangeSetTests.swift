import Addressing
import Foundation
import TestSupport
import Testing

@testable import AddressPools

struct RangeSetTests {
    private func set(_ ranges: String..., excluding: [String] = []) throws -> RangeSet {
        try set(ranges, excluding: excluding)
    }

    private func set(_ ranges: [String], excluding: [String] = []) throws -> RangeSet {
        let networks = excluding.compactMap { text in CIDR(text) ?? IPAddress(text).map(CIDR.host) }
        return try RangeSet(ranges.map(AddressRange.init(text:)), exclusions: Exclusions(networks))
    }

    private func next(_ set: RangeSet, after last: IPAddress?, leased: Set<IPAddress>) -> IPAddress? {
        set.next(after: last) { part in
            var address: IPAddress? = part.first
            while let candidate = address, part.contains(candidate) {
                if !leased.contains(candidate) { return candidate }
                address = candidate.next
            }
            return nil
        }?.address
    }

    struct Allocation: CustomTestStringConvertible {
        let ranges: [String]
        var leased: [String] = []
        var last: String?
        let result: String

        var testDescription: String { "\(ranges) \(leased) \(last ?? "")" }
    }

    @Test(arguments: [
        Allocation(ranges: ["10.0.0.0/29"], result: "10.0.0.2"),
        Allocation(ranges: ["2001:db8:1::/64"], result: "2001:db8:1::2"),
        Allocation(ranges: ["10.0.0.0/30"], result: "10.0.0.2"),
        Allocation(ranges: ["10.0.0.0/29"], leased: ["10.0.0.2"], result: "10.0.0.3"),
        Allocation(ranges: ["10.0.0.0/29"], last: "10.0.0.5", result: "10.0.0.6"),
        Allocation(ranges: ["10.0.0.0/29"], leased: ["10.0.0.4", "10.0.0.5"], last: "10.0.0.3", result: "10.0.0.6"),
        Allocation(ranges: ["10.0.0.0/29"], leased: ["10.0.0.6"], last: "10.0.0.5", result: "10.0.0.2"),
        Allocation(ranges: ["10.0.0.0/29"], leased: ["10.0.0.2"], last: "10.0.0.128", result: "10.0.0.3"),
        Allocation(
            ranges: ["10.0.0.0/29"], leased: ["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"], last: "10.0.0.3",
            result: "10.0.0.3"),
        Allocation(ranges: ["10.0.0.0/30", "10.0.1.0/30"], result: "10.0.0.2"),
        Allocation(ranges: ["10.0.0.0/30", "10.0.1.0/30"], last: "10.0.0.2", result: "10.0.1.2"),
        Allocation(ranges: ["10.0.0.0/30", "10.0.1.0/30", "10.0.2.0/30"], last: "10.0.2.2", result: "10.0.0.2"),
        // The walk begins with the second range's first address, which is no gateway here.
        Allocation(
            ranges: ["192.168.1.0/29 192.168.1.0 192.168.1.3", "192.168.2.0/29 192.168.2.0 192.168.2.3"],
            last: "192.168.1.3", result: "192.168.2.0"),
        Allocation(
            ranges: ["192.168.1.0/29 192.168.1.0 192.168.1.3", "192.168.2.0/29 192.168.2.0 192.168.2.3"],
            result: "192.168.1.0"),
        // Another range's gateway is an address like any other.
        Allocation(ranges: ["10.0.0.0/29 via 10.0.1.2", "10.0.1.0/29"], result: "10.0.0.1"),
    ])
    func findsTheReferencesNextAddress(_ allocation: Allocation) throws {
        let set = try set(allocation.ranges)
        let leased = Set(allocation.leased.compactMap { IPAddress($0) })
        let found = next(set, after: allocation.last.flatMap { IPAddress($0) }, leased: leased)
        #expect(found.map { "\($0)" } == allocation.result)
    }

    struct Walk: CustomTestStringConvertible {
        let last: String?
        let order: [Int]

        var testDescription: String { last ?? "from scratch" }
    }

    @Test(arguments: [
        Walk(last: nil, order: [2, 3, 4, 5, 6]), Walk(last: "192.168.1.6", order: [2, 3, 4, 5, 6]),
        Walk(last: "192.168.1.3", order: [4, 5, 6, 2, 3]),
    ])
    func goesRoundOnce(_ walk: Walk) throws {
        let set = try set("192.168.1.0/29")
        var leased: Set<IPAddress> = []
        var order: [String] = []
        while let address = next(set, after: walk.last.flatMap { IPAddress($0) }, leased: leased) {
            leased.insert(address)
            order.append("\(address)")
        }
        #expect(order == walk.order.map { "192.168.1.\($0)" })
    }

    /// The order in the plainest words: every address of every range, turned so that the one behind `last` is first.
    private func naive(_ ranges: [AddressRange], _ excluded: [CIDR], _ last: IPAddress?) -> [IPAddress] {
        var all: [(address: IPAddress, isLeasable: Bool)] = []
        for range in ranges {
            var address: IPAddress? = range.addresses.first
            while let candidate = address, range.addresses.contains(candidate) {
                let isLeasable = candidate != range.gateway && !excluded.contains { $0.contains(candidate) }
                all.append((candidate, isLeasable))
                address = candidate.next
            }
        }
        let start = last.flatMap { last in all.firstIndex { $0.address == last } }.map { $0 + 1 } ?? 0
        return (all[start...] + all[..<start]).filter(\.isLeasable).map(\.address)
    }

    @Test(arguments: [
        ["10.0.0.0/30"], ["10.0.0.0/30 via 10.0.0.2"], ["10.0.0.0/29"], ["10.0.0.0/29 via 10.0.0.6"],
        ["10.0.0.0/29 10.0.0.0 10.0.0.7"], ["10.0.0.0/29 10.0.0.0 10.0.0.7 via 10.0.0.7"],
        ["10.0.0.0/29 10.0.0.3 10.0.0.3 via 10.0.0.3"], ["2001:db8::/126"], ["2001:db8::/120"],
        ["2001:db8::/126 2001:db8:: 2001:db8::3 via 2001:db8::3"],
        ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126"], ["255.255.255.248/29 255.255.255.249 255.255.255.255"],
        ["10.0.0.0/24 10.0.0.10 10.0.0.20", "10.0.0.0/24 10.0.0.30 10.0.0.35 via 10.0.0.12", "10.0.1.0/29"],
        ["10.0.1.0/29", "10.0.0.0/29", "10.0.0.8/29 via 10.0.0.14"],
        ["10.0.0.0/16 10.0.0.0 10.0.1.255", "10.0.0.0/16 10.0.255.250 10.0.255.255"],
        ["2001:db8::/64 2001:db8::1 2001:db8::200", "2001:db8::/64 2001:db8::ffff 2001:db8::1:10"],
    ])
    func allocatesAsANaiveModelDoes(_ texts: [String]) throws {
        let ranges = try texts.map(AddressRange.init(text:))
        var generator = SeededGenerator(seed: UInt64(texts.joined().utf8.count))
        let everything = naive(ranges, [], nil) + ranges.map(\.gateway)
        for round in 0..<40 {
            let excluded = (0..<round % 4).compactMap { _ in
                everything.randomElement(using: &generator).flatMap { address in
                    CIDR(
                        containing: address,
                        prefixLength: address.family.bitWidth - Int.random(in: 0...4, using: &generator))
                }
            }
            let set = try RangeSet(ranges, exclusions: Exclusions(excluded))
            #expect(set.capacity == UInt128(naive(ranges, excluded, nil).count))
            var leased: Set<IPAddress> = []
            var last: IPAddress? = Bool.random(using: &generator) ? nil : everything.randomElement(using: &generator)
            for _ in 0..<60 {
                let expected = naive(ranges, excluded, last).first { !leased.contains($0) }
                let found = next(set, after: last, leased: leased)
                #expect(found == expected, "\(texts) without \(excluded) after \(last.map { "\($0)" } ?? "nothing")")
                guard let found, Int.random(in: 0..<4, using: &generator) > 0 else {
                    if let freed = leased.randomElement(using: &generator) { leased.remove(freed) }
                    continue
                }
                leased.insert(found)
                last = found
            }
        }
    }

    @Test func skipsExclusionsOfAnySizeAtOnce() throws {
        let set = try set("2001:db8::/64", excluding: ["2001:db8::/65", "2001:db8:0:0:8000::/96"])
        let address = set.next(after: nil) { $0.first }?.address
        #expect(address == IPAddress("2001:db8::8000:1:0:0"))
        #expect(set.capacity == (UInt128(1) << 63) - (UInt128(1) << 32))
    }

    @Test func knowsTheRangeOfAnAddress() throws {
        let set = try set("192.168.0.0/24", "172.16.1.0/24")
        #expect(set.range(of: try #require(IPAddress("192.168.0.1"))) == set.ranges[0])
        #expect(set.range(of: try #require(IPAddress("192.168.0.254"))) == set.ranges[0])
        #expect(set.range(of: try #require(IPAddress("172.16.1.50"))) == set.ranges[1])
        #expect(set.range(of: try #require(IPAddress("192.168.0.0"))) == nil)
        #expect(set.range(of: try #require(IPAddress("192.168.99.99"))) == nil)
        #expect("\(set)" == "192.168.0.1-192.168.0.254,172.16.1.1-172.16.1.254")
    }

    @Test func saysWhatCanBeLeased() throws {
        let set = try set(
            ["10.0.0.0/28", "10.0.1.0/29 via 10.0.0.3"],
            excluding: ["10.0.0.1", "10.0.0.4", "10.0.0.5", "10.0.0.8/30", "10.0.1.0", "10.0.1.6", "2001:db8::/64"])
        #expect(
            set.leasable.map { "\($0)" } == [
                "10.0.0.2-10.0.0.3", "10.0.0.6-10.0.0.7", "10.0.0.12-10.0.0.14", "10.0.1.1-10.0.1.5",
            ])
        #expect(set.capacity == 12)
    }

    /// Nothing of this takes longer in an IPv6 network than in another one.
    @Test func countsByArithmetic() throws {
        let set = try set(["2001:db8::/64"], excluding: ["2001:db8:0:0:8000::/65", "2001:db8::7"])
        let half: UInt128 = 1 << 63
        #expect(set.capacity == half - 3)
        #expect(try self.set(["::/0"]).capacity == UInt128.max - 1)
        #expect(try self.set(["::/0"], excluding: ["::/0"]).capacity == 0)
    }

    @Test func refusesWhatIsNoSet() throws {
        #expect(throws: RangeSet.Defect(message: "empty range set")) { try RangeSet([]) }
        #expect(throws: RangeSet.Defect(message: "mixed address families")) {
            try set("10.1.0.0/24", "2001:db8::/64")
        }
        #expect(throws: RangeSet.Defect(message: "subnets 10.1.0.1-10.1.3.254 and 10.1.2.1-10.1.2.254 overlap")) {
            try set("10.1.0.0/22", "10.1.2.0/24")
        }
    }
}
