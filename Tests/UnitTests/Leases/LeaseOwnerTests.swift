import Testing

@testable import Leases

struct LeaseOwnerTests {
    struct Case: CustomTestStringConvertible {
        let contents: String
        let owner: LeaseOwner?

        var testDescription: String { "\(contents.debugDescription)" }
    }

    @Test(arguments: [
        Case(contents: "c1\r\neth0", owner: LeaseOwner(containerID: "c1", interfaceName: "eth0")),
        Case(contents: " \n c1\r\neth0 \n", owner: LeaseOwner(containerID: "c1", interfaceName: "eth0")),
        Case(contents: "c1", owner: LeaseOwner(containerID: "c1", interfaceName: nil)),
        Case(contents: "c1\n", owner: LeaseOwner(containerID: "c1", interfaceName: nil)),
        Case(contents: "c1\r\n", owner: LeaseOwner(containerID: "c1", interfaceName: nil)),
        Case(contents: "", owner: nil),
        Case(contents: " \r\n ", owner: nil),
        Case(contents: "\0\0\0\0\0\0\0\0", owner: nil),
    ])
    func isReadFromALeaseFile(_ example: Case) {
        #expect(LeaseOwner(contents: Array(example.contents.utf8)) == example.owner)
    }

    @Test func isWrittenAsTheReferenceDoes() {
        // c1 CR LF eth0
        #expect(
            LeaseOwner(containerID: "   c1\n ", interfaceName: "eth0").contents
                == [0x63, 0x31, 0x0d, 0x0a, 0x65, 0x74, 0x68, 0x30])
        #expect(LeaseOwner(containerID: "c1", interfaceName: nil).contents == [0x63, 0x31])
    }
}
