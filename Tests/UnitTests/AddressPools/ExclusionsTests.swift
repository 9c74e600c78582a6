import Addressing
import Testing

@testable import AddressPools

struct ExclusionsTests {
    private func exclusions(_ texts: String...) -> Exclusions { Exclusions(texts.compactMap { CIDR($0) }) }

    private func rest(_ first: String, _ last: String, without exclusions: Exclusions) throws -> [String] {
        let (first, last) = (try #require(IPAddress(first)), try #require(IPAddress(last)))
        let range = try #require(IPRange(first: first, last: last))
        return exclusions.rest(of: range).map { "\($0)" }
    }

    @Test func leavesTheRestOfARange() throws {
        let some = exclusions("10.0.0.0/29", "10.0.0.6/32", "10.0.0.16/28", "10.0.0.4/30", "10.0.0.12/32")
        #expect(
            try rest("10.0.0.4", "10.0.0.20", without: some) == ["10.0.0.8-10.0.0.11", "10.0.0.13-10.0.0.15"])
        #expect(try rest("10.0.0.4", "10.0.0.7", without: some) == [])
        #expect(try rest("10.0.0.13", "10.0.0.15", without: some) == ["10.0.0.13-10.0.0.15"])
        #expect(try rest("10.0.0.4", "10.0.0.20", without: exclusions("::/0")) == ["10.0.0.4-10.0.0.20"])
        #expect(try rest("10.0.0.4", "10.0.0.20", without: exclusions("0.0.0.0/0", "10.0.0.5/32")) == [])
        let ends = exclusions("0.0.0.0/32", "255.255.255.255/32", "::/128")
        #expect(try rest("0.0.0.0", "255.255.255.255", without: ends) == ["0.0.0.1-255.255.255.254"])
        #expect(
            try rest("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", without: ends)
                == ["::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"])
    }

    /// What is passed over at once is all that there is to pass over.
    @Test func areOneWhereTheyTouch() throws {
        let excluded = exclusions("10.0.0.5/32", "10.0.0.4/32", "10.0.0.6/31", "10.0.0.9/32")
        let range = excluded.range(of: try #require(IPAddress("10.0.0.5")))
        #expect(range.map { "\($0)" } == "10.0.0.4-10.0.0.7")
    }

    @Test func findsTheWholeOfWhatIsExcluded() throws {
        let excluded = exclusions("10.0.0.8/30", "10.0.0.8/29", "10.0.0.17/32")
        #expect(excluded.range(of: try #require(IPAddress("10.0.0.9")))?.last == IPAddress("10.0.0.15"))
        #expect(excluded.range(of: try #require(IPAddress("10.0.0.17")))?.first == IPAddress("10.0.0.17"))
        #expect(excluded.range(of: try #require(IPAddress("10.0.0.16"))) == nil)
    }
}
