import Testing

@testable import Attachments

struct OwnerTests {
    @Test func everyOwnerOfAnAttachmentIsAmongAll() {
        let attachment = Attachment(network: "n", containerID: "c1", interfaceName: "eth0")
        let owners = Owner.all(of: [attachment])
        #expect(owners.contains(Owner(attachment)))
        #expect(owners.contains(Owner(containerID: "c1", interfaceName: nil)))
        #expect(!owners.contains(Owner(containerID: "c1", interfaceName: "eth1")))
        #expect(!owners.contains(Owner(containerID: "c2", interfaceName: nil)))
    }

    @Test func showsTheInterfaceWhereThereIsOne() {
        #expect("\(Owner(containerID: "c1", interfaceName: "eth0"))" == "c1 (eth0)")
        #expect("\(Owner(containerID: "c1", interfaceName: nil))" == "c1")
    }
}
