import Attachments
import Testing

@testable import Leases

struct OwnerLeaseFileTests {
    struct Case: CustomTestStringConvertible {
        let contents: String
        let owner: Owner?

        var testDescription: String { "\(contents.debugDescription)" }
    }

    @Test(arguments: [
        Case(contents: "c1\r\neth0", owner: Owner(containerID: "c1", interfaceName: "eth0")),
        Case(contents: " \n c1\r\neth0 \n", owner: Owner(containerID: "c1", interfaceName: "eth0")),
        Case(contents: "c1", owner: Owner(containerID: "c1", interfaceName: nil)),
        Case(contents: "c1\n", owner: Owner(containerID: "c1", interfaceName: nil)),
        Case(contents: "c1\r\n", owner: Owner(containerID: "c1", interfaceName: nil)),
        Case(contents: "", owner: nil),
        Case(contents: " \r\n ", owner: nil),
        Case(contents: "\0\0\0\0\0\0\0\0", owner: nil),
    ])
    func isReadFromALeaseFile(_ example: Case) {
        #expect(Owner(leaseFile: Array(example.contents.utf8)) == example.owner)
    }

    @Test func isWrittenAsTheReferenceDoes() {
        // c1 CR LF eth0
        #expect(
            Owner(containerID: "c1", interfaceName: "eth0").leaseFile
                == [0x63, 0x31, 0x0d, 0x0a, 0x65, 0x74, 0x68, 0x30])
        #expect(Owner(containerID: "c1", interfaceName: nil).leaseFile == [0x63, 0x31])
    }
}
