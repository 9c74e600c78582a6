import CNI
import Testing

struct IdentifierTests {
    @Test(arguments: ["a", "7", "cid-1", "a.b_c-D", String(repeating: "x", count: 1000)])
    func allowsTheSpecificationsLetters(text: String) throws {
        try Identifier.checkContainerID(text)
        try Identifier.checkNetworkName(text)
    }

    @Test(arguments: ["-a", ".a", "_a", "a/b", "a b", "a%b", "ä", "a\n", "a\0", ".."])
    func refusesOthers(text: String) {
        #expect(throws: CNIError.self) { try Identifier.checkContainerID(text) }
        #expect(throws: CNIError.self) { try Identifier.checkNetworkName(text) }
    }

    @Test func refusesNothing() {
        #expect(throws: CNIError(.unknownContainer, "missing containerID")) { try Identifier.checkContainerID("") }
        #expect(throws: CNIError(.invalidConfiguration, "missing network name")) { try Identifier.checkNetworkName("") }
        #expect(throws: CNIError(.invalidEnvironment, "interface name is empty")) {
            try Identifier.checkInterfaceName("")
        }
    }

    @Test(arguments: ["eth0", "abcdefghijklmno", "a.b", "...", "ü"])
    func allowsInterfaceNamesOfTheKernel(text: String) throws {
        try Identifier.checkInterfaceName(text)
    }

    @Test(arguments: [
        "abcdefghijklmnop", "üüüüüüüü", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\u{a0}b", "eth%d", "%", "a\0", "à",
    ])
    func refusesOtherInterfaceNames(text: String) {
        #expect(throws: CNIError.self) { try Identifier.checkInterfaceName(text) }
    }
}
