import Attachments
import Testing

@testable import PluginKit

private typealias Attachment = Attachments.Attachment

struct HostInterfaceTests {
    private func attachment(_ containerID: String, _ name: String = "eth0", network: String = "net1") -> Attachment {
        Attachment(network: network, containerID: containerID, interfaceName: name)
    }

    @Test func namesFitAndStayApart() {
        let names = (0..<1000).map { attachment("cid\($0)").hostInterfaceName }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.count == 12 && $0.hasPrefix("veth") })
        #expect(attachment("a", "b").hostInterfaceName != attachment("a", "c").hostInterfaceName)
        #expect(attachment("a", network: "n").hostInterfaceName != attachment("a", network: "m").hostInterfaceName)
    }

    @Test func knowsItsOwnAliasWithAPodAndWithout() {
        let own = attachment("cid1")
        #expect(own.owns(alias: own.alias()))
        #expect(own.owns(alias: own.alias() + " shop/web-0"))
        for other in [attachment("cid"), attachment("cid1", "eth"), attachment("cid1", network: "net")] {
            #expect(!own.owns(alias: other.alias()), "\(other.alias())")
        }
        #expect(!own.owns(alias: nil))
        #expect(!own.owns(alias: "cni bridge"))
    }

    @Test func readsWhatItWrites() throws {
        let own = attachment("cid1")
        #expect(Attachment(alias: own.alias() + " shop/web-0", network: "net1") == own)
        for alias in ["", "cni", "cni bridge", "cni net1 cid1", "other net1 cid1 eth0", "cni net2 cid1 eth0"] {
            #expect(Attachment(alias: alias, network: "net1") == nil, "\(alias)")
        }
    }

    @Test func anAliasFitsIntoTheKernel() {
        let long = attachment(String(repeating: "c", count: 300))
        #expect(long.alias().utf8.count == 254)
        #expect(long.owns(alias: long.alias()))
        // What was cut off could be another's, so collecting garbage leaves it alone.
        #expect(Attachment(alias: long.alias(), network: "net1") == nil)
    }
}
