import Attachments
import Testing

@testable import PacketRules

struct ReferenceNameTests {
    @Test func namesChainsAsTheReference() {
        func chain(_ network: String, _ containerID: String) -> String {
            ReferenceName.masqueradeChain(
                Attachment(network: network, containerID: containerID, interfaceName: "eth0"))
        }
        #expect(chain("net1", "cid1") == "CNI-e8f6f419596f7f47b3468487")
        #expect(chain("test", "1234") == "CNI-2bbe0c48b91a7d1b8a6753a8")
    }

    @Test func namesCommentsAsTheReference() {
        let attachment = Attachment(network: "n", containerID: "cid1", interfaceName: "eth0")
        #expect(ReferenceName.masqueradeComment(attachment) == "917148ec47923f2e-0b65a318f52e521b")
    }
}
