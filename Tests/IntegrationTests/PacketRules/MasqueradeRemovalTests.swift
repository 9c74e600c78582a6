import Addressing
import Attachments
import LinuxSystem
import TestSupport
import Testing

@testable import PacketRules

/// What goes with a container, and what stays.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct MasqueradeRemovalTests {
    private let masquerade = Masquerade(table: "cni_bridge")
    private let owner = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")
    private let other = Attachment(network: "net1", containerID: "cid2", interfaceName: "eth0")

    @Test func removingTheLastContainerRemovesTheTable() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft add table ip other")
        let before = try host.ruleset()
        let addresses = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in
            try masquerade.add(addresses, for: owner)
            try masquerade.remove(addresses.map(\.address), of: owner)
            // What is gone is no error.
            try masquerade.remove(addresses.map(\.address), of: owner)
        }
        #expect(try host.ruleset() == before)
    }

    @Test func removesNothingOfAnother() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24")
        let strangers = [
            other,
            Attachment(network: "net1", containerID: "cid1", interfaceName: "eth1"),
            Attachment(network: "net2", containerID: "cid1", interfaceName: "eth0"),
        ]
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        let before = try host.shell("nft -a list ruleset")
        for stranger in strangers {
            try host.run { () throws(SystemError) in
                try masquerade.remove(addresses.map(\.address), of: stranger)
                try masquerade.removeAll(of: stranger)
            }
        }
        #expect(try host.shell("nft -a list ruleset") == before)
    }

    @Test func keepsWhatOthersPutIntoTheTable() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24")
        func addAndRemove() throws {
            try host.run { () throws(SystemError) in
                try masquerade.add(addresses, for: owner)
                try masquerade.remove(addresses.map(\.address), of: owner)
            }
        }
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        try host.shell("nft add element inet cni_bridge masquerade4 '{ 10.1.2.9 : continue }'")
        try addAndRemove()
        #expect(try host.elements() == ["10.1.2.9 : continue"])
        try host.shell("nft delete element inet cni_bridge masquerade4 '{ 10.1.2.9 }'")
        try host.shell("nft add chain inet cni_bridge mine")
        try addAndRemove()
        #expect(try host.chains() == ["mine", "postrouting"])
        try host.shell("nft delete chain inet cni_bridge mine")
        try addAndRemove()
        #expect(try host.ruleset() == "")
    }

    @Test func finishesRemovalThatWasInterrupted() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        // What is left when nothing but the removal of the table is missing.
        try host.shell("nft flush map inet cni_bridge sources4")
        try host.shell("nft delete chain inet cni_bridge masquerade-net1-10.1.2.0/24")
        try host.run { () throws(SystemError) in try masquerade.remove(addresses.map(\.address), of: owner) }
        #expect(try host.ruleset() == "")
    }

    @Test func removesAllAddressesOfAnOwner() throws {
        let host = try NetworkNamespace.make()
        let mine = try InterfaceAddress.list("10.1.2.2/24", "10.3.0.2/16", "fd00:1::2/64")
        let others = try InterfaceAddress.list("10.1.2.3/24")
        try host.run { () throws(SystemError) in
            try masquerade.add(mine, for: owner)
            try masquerade.add(others, for: other)
            try masquerade.removeAll(of: owner)
        }
        #expect(
            try host.elements()
                == [#""bridge0" . 10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.2.0/24"#])
        #expect(try host.chains() == ["masquerade-net1-10.1.2.0/24", "postrouting"])
        try host.run { () throws(SystemError) in try masquerade.removeAll(of: other) }
        #expect(try host.ruleset() == "")
    }

    @Test func collectsGarbageOfOneNetwork() throws {
        let host = try NetworkNamespace.make()
        let first = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
        let second = try InterfaceAddress.list("10.1.2.3/24")
        let third = try InterfaceAddress.list("10.9.0.2/16")
        let elsewhere = Attachment(network: "net1.b", containerID: "cid3", interfaceName: "eth0")
        try host.run { () throws(SystemError) in
            try masquerade.add(first, for: owner)
            try masquerade.add(second, for: other)
            try masquerade.add(third, for: elsewhere)
            try masquerade.removeAll(ofNetwork: "net1", except: [other])
        }
        #expect(
            try host.elements() == [
                #""bridge0" . 10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.2.0/24"#,
                #""bridge0" . 10.9.0.2 comment "net1.b cid3 eth0" : goto masquerade-net1.b-10.9.0.0/16"#,
            ])
        #expect(try host.chains() == ["masquerade-net1-10.1.2.0/24", "masquerade-net1.b-10.9.0.0/16", "postrouting"])
        try host.run { () throws(SystemError) in
            try masquerade.removeAll(ofNetwork: "net1", except: [])
            try masquerade.removeAll(ofNetwork: "net1.b", except: [])
            try masquerade.removeAll(ofNetwork: "net1.b", except: [])
        }
        #expect(try host.ruleset() == "")
    }

    @Test func collectsChainThatLostItsElements() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        try host.shell("nft flush map inet cni_bridge sources4")
        try host.run { () throws(SystemError) in try masquerade.removeAll(ofNetwork: "net2", except: []) }
        #expect(try host.chains() == ["masquerade-net1-fd00_1__/64", "postrouting"])
        try host.shell("nft flush map inet cni_bridge sources6")
        try host.run { () throws(SystemError) in try masquerade.removeAll(ofNetwork: "net2", except: []) }
        #expect(try host.ruleset() == "")
    }
}
