import Addressing
import Attachments
import Testing

@testable import PacketRules

struct AttachmentCommentTests {
    private let long = String(repeating: "0123456789", count: 30)

    private func owner(_ network: String, _ containerID: String, _ interfaceName: String) -> Attachment {
        Attachment(network: network, containerID: containerID, interfaceName: interfaceName)
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
        func isStale(_ comment: String, _ network: String) -> Bool {
            Attachment.isStale(inNetwork: network, except: [])(comment)
        }
        #expect(isStale(owner("net", "c", "i").comment, "net"))
        #expect(!isStale(owner("net1", "c", "i").comment, "net"))
        #expect(!isStale(owner("other", "net", "i").comment, "net"))
        #expect(isStale(owner(long, "c", "i").comment, long))
        #expect(!isStale(owner(long, "c", "i").comment, long + "a"))
        #expect(!isStale("", "net"))
    }

    @Test func whatIsValidIsNotStale() {
        let kept = owner("net", "c", "i")
        let isStale = Attachment.isStale(inNetwork: "net", except: [kept])
        #expect(!isStale(kept.comment))
        #expect(isStale(owner("net", "c", "i2").comment))
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
