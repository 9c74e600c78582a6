import Addressing
import Attachments
import LinuxSystem
import TestSupport
import Testing

@testable import PacketRules

/// Containers of one address, told apart by where their packets come in; and what is there where that is not known.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct MasqueradeInterfaceTests {
    private let masquerade = Masquerade(table: "cni_bridge", onKernel: KernelRelease(5, 7))
    private let owner = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")
    private let other = Attachment(network: "net2", containerID: "cid1", interfaceName: "eth0")
    private let addresses: [InterfaceAddress]

    init() throws {
        addresses = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
    }

    @Test func sameAddressesOfTwoInterfacesAreTwoContainers() throws {
        let host = try NetworkNamespace.make()
        let wider = try InterfaceAddress.list("10.1.2.2/16", "fd00:1::2/64")
        try host.run { () throws(SystemError) in
            try masquerade.add(addresses, by: "bridge1", for: owner)
            try masquerade.add(wider, by: "bridge2", for: other)
        }
        #expect(
            try host.elements() == [
                #""bridge1" . 10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24"#,
                #""bridge1" . fd00:1::2 comment "net1 cid1 eth0" : goto masquerade-net1-fd00_1__/64"#,
                #""bridge2" . 10.1.2.2 comment "net2 cid1 eth0" : goto masquerade-net2-10.1.0.0/16"#,
                #""bridge2" . fd00:1::2 comment "net2 cid1 eth0" : goto masquerade-net2-fd00_1__/64"#,
            ])
        try host.run { () throws(SystemError) in
            try masquerade.remove(wider.map(\.address), by: "bridge2", of: other)
            #expect(try masquerade.contains(addresses, by: "bridge1", for: owner))
            #expect(try !masquerade.contains(addresses, by: "bridge2", for: owner))
            try masquerade.removeAll(of: owner)
        }
        #expect(try host.ruleset() == "")
    }

    @Test func longNamesOfInterfacesAreKeptWhole() throws {
        let host = try NetworkNamespace.make()
        try host.run { () throws(SystemError) in
            try masquerade.add(addresses, by: "a-long-bridge.1", for: owner)
            try masquerade.add(addresses, by: "a-long-bridge.2", for: other)
            #expect(try masquerade.contains(addresses, by: "a-long-bridge.1", for: owner))
        }
        let ruleset = try host.ruleset()
        let nfts = try NetworkNamespace.make()
        try nfts.shell("nft -f -", input: ruleset)
        #expect(try nfts.ruleset() == ruleset)
    }

    /// Where another machine is the gateway, and up to Linux 5.6 everywhere.
    @Test(arguments: [KernelRelease(5, 6), KernelRelease(5, 7)])
    func unknownInterfaceLeavesTheAddressAlone(kernel: KernelRelease) throws {
        let host = try NetworkNamespace.make()
        let interface = kernel == KernelRelease(5, 6) ? "bridge1" : nil
        let masquerade = Masquerade(table: "cni_bridge", onKernel: kernel)
        try host.run { () throws(SystemError) in
            try masquerade.add(addresses, by: interface, for: owner)
            #expect(try masquerade.contains(addresses, by: interface, for: owner))
        }
        #expect(try host.elements() == Self.formerElements)
        try host.run { () throws(SystemError) in
            try masquerade.remove(addresses.map(\.address), by: interface, of: owner)
        }
        #expect(try host.ruleset() == "")
    }

    // MARK: What an earlier version left

    private static let formerElements = [
        #"10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24"#,
        #"fd00:1::2 comment "net1 cid1 eth0" : goto masquerade-net1-fd00_1__/64"#,
    ]

    /// As it made the table, for the owner.
    static let formerRuleset = """
        table inet cni_bridge {
            comment "container addresses masqueraded by CNI plugins"
            map masquerade4 {
                type ipv4_addr : verdict
                elements = { 10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24 }
            }
            map masquerade6 {
                type ipv6_addr : verdict
                elements = { fd00:1::2 comment "net1 cid1 eth0" : goto masquerade-net1-fd00_1__/64 }
            }
            chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr vmap @masquerade4
                ip6 saddr vmap @masquerade6
            }
            chain masquerade-net1-10.1.2.0/24 {
                comment "network net1"
                ip daddr 10.1.2.0/24 return
                ip daddr 224.0.0.0/4 return
                masquerade comment "net1"
            }
            chain masquerade-net1-fd00_1__/64 {
                comment "network net1"
                ip6 daddr fd00:1::/64 return
                ip6 daddr ff00::/8 return
                masquerade comment "net1"
            }
        }
        """

    @Test func formerTableIsKnownAndRemovedWhole() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: Self.formerRuleset)
        try host.run { () throws(SystemError) in
            #expect(try masquerade.contains(addresses, for: owner))
            #expect(try !masquerade.contains(addresses, for: other))
            try masquerade.removeAll(of: owner)
        }
        #expect(try host.ruleset() == "")
    }

    @Test func formerTableIsCollectedWhole() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: Self.formerRuleset)
        try host.run { () throws(SystemError) in
            try masquerade.removeAll(ofNetwork: "net1", except: [owner])
            #expect(try masquerade.contains(addresses, for: owner))
            try masquerade.removeAll(ofNetwork: "net1", except: [])
        }
        #expect(try host.ruleset() == "")
    }

    @Test func formerContainersStandBesideNewOnes() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: Self.formerRuleset)
        try host.run { () throws(SystemError) in
            try masquerade.add(addresses, by: "bridge2", for: other)
            #expect(try masquerade.contains(addresses, for: owner))
            #expect(try masquerade.contains(addresses, by: "bridge2", for: other))
            try masquerade.removeAll(of: other)
            #expect(try masquerade.contains(addresses, for: owner))
            try masquerade.removeAll(of: owner)
        }
        #expect(try host.ruleset() == "")
    }

    @Test func formerRulesThatWereChangedAreSeen() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft -f -", input: Self.formerRuleset)
        try host.shell("nft insert rule inet cni_bridge postrouting accept")
        try host.run { () throws(SystemError) in #expect(try !masquerade.contains(addresses, for: owner)) }
    }
}
