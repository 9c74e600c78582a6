import Addressing
import TestSupport
import Testing

@testable import PacketRules

struct RuleOwnerTests {
    private let long = String(repeating: "0123456789", count: 30)

    private func owner(_ network: String, _ containerID: String, _ interfaceName: String) -> RuleOwner {
        RuleOwner(network: network, containerID: containerID, interfaceName: interfaceName)
    }

    @Test func commentShowsWhatFits() {
        let containerID = String(repeating: "a", count: 64)
        let network = String(repeating: "n", count: 45)
        let interfaceName = String(repeating: "i", count: 15)
        #expect(owner(network, containerID, interfaceName).comment == "\(network) \(containerID) \(interfaceName)")
    }

    @Test func commentFitsWhateverTheNames() {
        let comment = owner(long, long, #"a"b\c é~"#).comment
        #expect(comment.utf8.count <= 128)
        #expect(comment.utf8.allSatisfy { 0x20...0x7e ~= $0 && $0 != UInt8(ascii: "\"") })
        #expect(comment.hasPrefix("0123456789012345678901234567/"))
    }

    @Test func namesThatBeginAlikeStayApart() {
        let owners = [
            owner(long, "c", "i"), owner(long + "a", "c", "i"), owner("n", long, "i"), owner("n", long + "a", "i"),
            owner("n", "c", "\""), owner("n", "c", "\\"), owner("n", "c", "i"), owner("n", "c", ""),
        ]
        #expect(Set(owners.map(\.comment)).count == owners.count)
    }

    @Test func commentBelongsToItsNetworkAlone() {
        #expect(RuleOwner.isComment(owner("net", "c", "i").comment, ofNetwork: "net"))
        #expect(!RuleOwner.isComment(owner("net1", "c", "i").comment, ofNetwork: "net"))
        #expect(!RuleOwner.isComment(owner("other", "net", "i").comment, ofNetwork: "net"))
        #expect(RuleOwner.isComment(owner(long, "c", "i").comment, ofNetwork: long))
        #expect(!RuleOwner.isComment(owner(long, "c", "i").comment, ofNetwork: long + "a"))
        #expect(!RuleOwner.isComment("", ofNetwork: "net"))
    }

    @Test func chainNamesFitAndStayApart() throws {
        let subnets = try ["10.1.2.0/24", "10.1.2.0/25", "fd00:1::/64", "1::/64", "::/64", "fd00::/64"].map {
            try #require(CIDR($0))
        }
        let networks = ["net", "net-fd00", "net-", "net-fd00_1", long, long + "a"]
        let lists = subnets.map { [$0] } + [Array(subnets[0...1]), Array(subnets[2...3]), subnets]
        let names = networks.flatMap { network in lists.map { Masquerade.chainName($0, owner(network, "c", "i")) } }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.count <= 255 })
    }
}
