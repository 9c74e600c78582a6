import CNI
import Testing

@testable import HostLocalPlugin

struct ResolvConfTests {
    struct Example: CustomTestStringConvertible {
        let text: String
        var nameservers: [String] = []
        var domain: String?
        var search: [String] = []
        var options: [String] = []

        var testDescription: String { text }
    }

    @Test(arguments: [
        Example(text: ""),
        Example(text: "  nameserver 192.0.2.0\n\tnameserver 192.0.2.1\n", nameservers: ["192.0.2.0", "192.0.2.1"]),
        Example(text: "; nameserver 192.0.2.0\nnameserver 192.0.2.1", nameservers: ["192.0.2.1"]),
        Example(text: "#nameserver 192.0.2.0\nnameserver\nsortlist 1.2.3.4\r\nnameserver ::1", nameservers: ["::1"]),
        Example(
            text: """
                # all there is
                domain example.com
                nameserver 192.0.2.0
                nameserver 192.0.2.1
                search example.net example.org
                search example.gov
                options one two three
                options four
                domain example.org
                """, nameservers: ["192.0.2.0", "192.0.2.1"], domain: "example.org",
            search: ["example.net", "example.org", "example.gov"], options: ["one", "two", "three", "four"]),
    ])
    func isReadLineByLine(_ example: Example) {
        var expected = CNIResult.DNS()
        expected.nameservers = example.nameservers
        expected.domain = example.domain
        expected.search = example.search
        expected.options = example.options
        #expect(CNIResult.DNS(resolvConfText: example.text) == expected)
    }

    @Test func isNamedWhenItCannotBeRead() {
        #expect(throws: CNIError(.inputOutput, "open /nope: No such file or directory")) {
            try CNIResult.DNS(resolvConf: "/nope")
        }
    }
}
