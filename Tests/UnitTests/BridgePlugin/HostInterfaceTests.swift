import Attachments
import CNI
import Testing

@testable import BridgePlugin

struct HostInterfaceTests {
    private func interface(_ containerID: String, _ name: String = "eth0", network: String = "net1") -> HostInterface {
        HostInterface(
            attachment: Attachments.Attachment(network: network, containerID: containerID, interfaceName: name))
    }

    @Test func namesFitAndStayApart() {
        let names = (0..<1000).map { interface("cid\($0)").name }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.count == 12 && $0.hasPrefix("veth") })
        #expect(interface("a", "b").name != interface("a", "c").name)
        #expect(interface("a", network: "n").name != interface("a", network: "m").name)
    }

    @Test func knowsItsOwnAliasWithAPodAndWithout() {
        let own = interface("cid1")
        #expect(own.owns(alias: own.alias()))
        #expect(own.owns(alias: own.alias() + " shop/web-0"))
        for other in [interface("cid"), interface("cid1", "eth"), interface("cid1", network: "net")] {
            #expect(!own.owns(alias: other.alias()), "\(other.alias())")
        }
        #expect(!own.owns(alias: nil))
        #expect(!own.owns(alias: "cni bridge"))
    }

    @Test func readsWhatItWrites() throws {
        let own = interface("cid1")
        let read = try #require(HostInterface(alias: own.alias() + " shop/web-0", network: "net1"))
        #expect(read.attachment == own.attachment)
        for alias in ["", "cni", "cni bridge", "cni net1 cid1", "other net1 cid1 eth0", "cni net2 cid1 eth0"] {
            #expect(HostInterface(alias: alias, network: "net1") == nil, "\(alias)")
        }
    }

    @Test func anAliasFitsIntoTheKernel() {
        let long = interface(String(repeating: "c", count: 300))
        #expect(long.alias().utf8.count == 255)
        #expect(long.owns(alias: long.alias()))
        // What was cut off could be another's, so collecting garbage leaves it alone.
        #expect(HostInterface(alias: long.alias(), network: "net1") == nil)
    }
}
