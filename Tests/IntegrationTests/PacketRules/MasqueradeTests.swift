import Addressing
import Attachments
import LinuxSystem
import TestSupport
import Testing

@testable import PacketRules

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct MasqueradeTests {
    private let masquerade = Masquerade(table: "cni_bridge")
    private let owner = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")
    private let other = Attachment(network: "net1", containerID: "cid2", interfaceName: "eth0")

    // MARK: Adding

    @Test func readsWellInNft() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }

        let ruleset = """
            table inet cni_bridge {
            \tcomment "container addresses masqueraded by CNI plugins"
            \tmap sources4 {
            \t\ttype ifname . ipv4_addr : verdict
            \t\telements = { "bridge0" . 10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24 }
            \t}

            \tmap sources6 {
            \t\ttype ifname . ipv6_addr : verdict
            \t\telements = { "bridge0" . fd00:1::2 comment "net1 cid1 eth0" : goto masquerade-net1-fd00_1__/64 }
            \t}

            \tmap masquerade4 {
            \t\ttype ipv4_addr : verdict
            \t}

            \tmap masquerade6 {
            \t\ttype ipv6_addr : verdict
            \t}

            \tchain postrouting {
            \t\ttype nat hook postrouting priority srcnat; policy accept;
            \t\tiifname . ip saddr vmap @sources4
            \t\tiifname . ip6 saddr vmap @sources6
            \t\tip saddr vmap @masquerade4
            \t\tip6 saddr vmap @masquerade6
            \t}

            \tchain masquerade-net1-10.1.2.0/24 {
            \t\tcomment "network net1"
            \t\tip daddr 10.1.2.0/24 return
            \t\tip daddr 224.0.0.0/4 return
            \t\tmasquerade comment "net1"
            \t}

            \tchain masquerade-net1-fd00_1__/64 {
            \t\tcomment "network net1"
            \t\tip6 daddr fd00:1::/64 return
            \t\tip6 daddr ff00::/8 return
            \t\tmasquerade comment "net1"
            \t}
            }

            """
        #expect(try host.ruleset() == ruleset)
        try host.shell("nft -c -f -", input: ruleset)
        let nfts = try NetworkNamespace.make()
        try nfts.shell("nft -f -", input: ruleset)
        #expect(try host.rulesetJSON() == nfts.rulesetJSON())
    }

    @Test func exemptsNetworksInsteadOfTheSubnet() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.244.1.2/24", "fd00:1::2/64", "10.245.1.2/24")
        let networks = ["10.244.0.0/16", "10.245.0.0/16", "fd00::/48"].compactMap { CIDR($0) }
        let wide = Masquerade(table: "cni_vxlan", exempting: networks)
        try host.run { () throws(SystemError) in try wide.add(addresses, for: owner) }
        let ruleset = try host.ruleset()
        #expect(ruleset.contains("\t\tip daddr 10.244.0.0/16 return\n\t\tip daddr 10.245.0.0/16 return\n"))
        #expect(ruleset.contains("chain masquerade-net1-fd00__/48 {"))
        #expect(!ruleset.contains("10.244.1.0/24"))
        let nfts = try NetworkNamespace.make()
        try nfts.shell("nft -f -", input: ruleset)
        #expect(try nfts.ruleset() == ruleset)

        // With other networks, the chains of the old ones go.
        let narrow = Masquerade(table: "cni_vxlan", exempting: Array(networks.prefix(1)))
        try host.run { () throws(SystemError) in
            #expect(try !narrow.contains(addresses, for: owner))
            try narrow.add(addresses, for: owner)
            #expect(try narrow.contains(addresses, for: owner))
        }
        let chains = try host.ruleset().split(separator: "\n").filter { $0.contains("chain masquerade") }
        #expect(
            Set(chains) == [
                "\tchain masquerade-net1-10.244.0.0/16 {", "\tchain masquerade-net1-fd00_1__/64 {",
            ])
        try host.run { () throws(SystemError) in try narrow.remove(addresses.map(\.address), of: owner) }
        #expect(try host.ruleset() == "")
    }

    @Test func longNamesReadWellToo() throws {
        let host = try NetworkNamespace.make()
        let long = String(repeating: "0123456789", count: 30)
        let owner = Attachment(network: long, containerID: long, interfaceName: "\"a'b\\c{")
        let addresses = try InterfaceAddress.list("10.1.2.2/24", "fd00:1111:2222:3333:4444:5555:6666:7777/128")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        let ruleset = try host.ruleset()
        let nfts = try NetworkNamespace.make()
        try nfts.shell("nft -f -", input: ruleset)
        #expect(try nfts.ruleset() == ruleset)
        try host.run { () throws(SystemError) in
            #expect(try masquerade.contains(addresses, for: owner))
            try masquerade.remove(addresses.map(\.address), of: owner)
        }
        #expect(try host.ruleset() == "")
    }

    @Test func secondContainerIsOneElementMore() throws {
        let host = try NetworkNamespace.make()
        let (first, second) = try (InterfaceAddress.list("10.1.2.2/24"), InterfaceAddress.list("10.1.2.3/24"))
        try host.run { () throws(SystemError) in try masquerade.add(first, for: owner) }
        let before = try host.shell("nft -a list ruleset")
        try host.run { () throws(SystemError) in try masquerade.add(second, for: other) }
        #expect(
            try host.elements() == [
                #""bridge0" . 10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24"#,
                #""bridge0" . 10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.2.0/24"#,
            ])
        try host.shell("nft delete element inet cni_bridge sources4 '{ bridge0 . 10.1.2.3 }'")
        #expect(try host.shell("nft -a list ruleset") == before)
    }

    @Test func addingTwiceChangesNothing() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        let before = try host.shell("nft -a list ruleset")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        #expect(try host.shell("nft -a list ruleset") == before)
    }

    @Test func addingNoAddressesMakesNothing() throws {
        let host = try NetworkNamespace.make()
        try host.run { () throws(SystemError) in
            try masquerade.add([], for: owner)
            #expect(try masquerade.contains([], for: owner))
            try masquerade.remove([], of: owner)
        }
        #expect(try host.ruleset() == "")
    }

    @Test func addsWhatIsMissing() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        let before = try host.ruleset()
        try host.shell("nft delete element inet cni_bridge sources6 '{ bridge0 . fd00:1::2 }'")
        try host.shell("nft flush chain inet cni_bridge postrouting")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        #expect(try host.ruleset() == before)
    }

    @Test func takesOverAddressOfContainerThatIsGone() throws {
        let host = try NetworkNamespace.make()
        let stale = try InterfaceAddress.list("10.1.2.2/16", "10.1.2.3/16")
        let addresses = try InterfaceAddress.list("10.1.2.2/24")
        let more = try InterfaceAddress.list("10.1.2.3/24")
        try host.run { () throws(SystemError) in
            try masquerade.add(stale, for: other)
            try masquerade.add(addresses, for: owner)
        }
        #expect(
            try host.elements() == [
                #""bridge0" . 10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24"#,
                #""bridge0" . 10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.0.0/16"#,
            ])
        #expect(try host.chains() == ["masquerade-net1-10.1.0.0/16", "masquerade-net1-10.1.2.0/24", "postrouting"])

        // The chain of the old subnet goes with its last element.
        try host.run { () throws(SystemError) in try masquerade.add(more, for: owner) }
        #expect(try host.chains() == ["masquerade-net1-10.1.2.0/24", "postrouting"])

        // The one that is gone has nothing to remove any more.
        let before = try host.ruleset()
        try host.run { () throws(SystemError) in try masquerade.remove(stale.map(\.address), of: other) }
        #expect(try host.ruleset() == before)
    }

    @Test func leavesNothingWhenRefused() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft add table inet cni_bridge; nft add chain inet cni_bridge postrouting")
        let before = try host.ruleset()
        let addresses = try InterfaceAddress.list("10.1.2.2/24")
        let error = #expect(throws: SystemError.self) {
            try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        }
        #expect(error?.description.hasPrefix("create chain inet cni_bridge postrouting: ") == true)
        #expect(try host.ruleset() == before)
    }

    // MARK: Checking

    @Test func knowsWhatItHasAdded() throws {
        let host = try NetworkNamespace.make()
        let both = try InterfaceAddress.list("10.1.2.2/24", "fd00:1::2/64")
        let first = try InterfaceAddress.list("10.1.2.2/24")
        let wider = try InterfaceAddress.list("10.1.2.2/16")
        func contains(_ addresses: [InterfaceAddress], _ owner: Attachment) throws -> Bool {
            try host.run { () throws(SystemError) in try masquerade.contains(addresses, for: owner) }
        }
        #expect(try !contains(first, owner))
        try host.run { () throws(SystemError) in try masquerade.add(first, for: owner) }
        #expect(try contains(first, owner))
        #expect(try !contains(first, other))
        #expect(try !contains(both, owner))
        #expect(try !contains(wider, owner))
        try host.shell("nft flush chain inet cni_bridge masquerade-net1-10.1.2.0/24")
        #expect(try !contains(first, owner))
    }
}
