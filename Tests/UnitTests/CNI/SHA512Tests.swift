import CNI
import Testing

struct SHA512Tests {
    /// FIPS 180-4's own examples, and names that the reference derives.
    @Test(arguments: [
        ("", "cf83e1357eefb8bd"), ("abc", "ddaf35a193617aba"),
        (String(repeating: "a", count: 200), "4b11459c33f52a22"),
    ])
    func digestsAsThePublishedExamples(text: String, beginning: String) {
        #expect(SHA512.hexadecimal(text, digits: 16) == beginning)
    }

    @Test func namesChainsAsTheReference() {
        #expect(ReferenceName.masqueradeChain(network: "net1", containerID: "cid1") == "CNI-e8f6f419596f7f47b3468487")
        #expect(ReferenceName.masqueradeChain(network: "test", containerID: "1234") == "CNI-2bbe0c48b91a7d1b8a6753a8")
    }

    @Test func namesCommentsAsTheReference() {
        let attachment = Attachment(containerID: "cid1", interfaceName: "eth0")
        #expect(
            ReferenceName.masqueradeComment(network: "n", attachment: attachment)
                == "917148ec47923f2e-0b65a318f52e521b")
    }
}
