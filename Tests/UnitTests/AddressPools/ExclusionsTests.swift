import Addressing
import Testing

@testable import AddressPools

struct ExclusionsTests {
    private func exclusions(_ texts: String...) -> Exclusions { Exclusions(texts.compactMap { CIDR($0) }) }

    @Test func countsNoAddressTwice() throws {
        let (first, last) = (try #require(IPAddress("10.0.0.4")), try #require(IPAddress("10.0.0.20")))
        let range = try #require(IPRange(first: first, last: last))
        #expect(exclusions("10.0.0.0/29", "10.0.0.6/32", "10.0.0.16/28", "10.0.0.4/30").count(in: range) == 4 + 5)
        #expect(exclusions("::/0").count(in: range) == 0)
        #expect(exclusions("0.0.0.0/0", "10.0.0.5/32").count(in: range) == range.count)
    }

    @Test func findsTheWholeOfWhatIsExcluded() throws {
        let excluded = exclusions("10.0.0.8/30", "10.0.0.8/29", "10.0.0.16/32")
        #expect(excluded.range(of: try #require(IPAddress("10.0.0.9")))?.last == IPAddress("10.0.0.15"))
        #expect(excluded.range(of: try #require(IPAddress("10.0.0.16")))?.first == IPAddress("10.0.0.16"))
        #expect(excluded.range(of: try #require(IPAddress("10.0.0.17"))) == nil)
    }
}
