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
        let addresses = try addresses("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }

        let ruleset = """
            table inet cni_bridge {
            \tcomment "container addresses masqueraded by CNI plugins"
            \tmap masquerade4 {
            \t\ttype ipv4_addr : verdict
            \t\telements = { 10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24 }
            \t}

            \tmap masquerade6 {
            \t\ttype ipv6_addr : verdict
            \t\telements = { fd00:1::2 comment "net1 cid1 eth0" : goto masquerade-net1-fd00_1__/64 }
            \t}

            \tchain postrouting {
            \t\ttype nat hook postrouting priority srcnat; policy accept;
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
        let addresses = try addresses("10.244.1.2/24", "fd00:1::2/64", "10.245.1.2/24")
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
        let addresses = try addresses("10.1.2.2/24", "fd00:1111:2222:3333:4444:5555:6666:7777/128")
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
        let (first, second) = try (addresses("10.1.2.2/24"), addresses("10.1.2.3/24"))
        try host.run { () throws(SystemError) in try masquerade.add(first, for: owner) }
        let before = try host.shell("nft -a list ruleset")
        try host.run { () throws(SystemError) in try masquerade.add(second, for: other) }
        #expect(
            try host.elements() == [
                #"10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24"#,
                #"10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.2.0/24"#,
            ])
        try host.shell("nft delete element inet cni_bridge masquerade4 '{ 10.1.2.3 }'")
        #expect(try host.shell("nft -a list ruleset") == before)
    }

    @Test func addingTwiceChangesNothing() throws {
        let host = try NetworkNamespace.make()
        let addresses = try addresses("10.1.2.2/24", "fd00:1::2/64")
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
        let addresses = try addresses("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        let before = try host.ruleset()
        try host.shell("nft delete element inet cni_bridge masquerade6 '{ fd00:1::2 }'")
        try host.shell("nft flush chain inet cni_bridge postrouting")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        #expect(try host.ruleset() == before)
    }

    @Test func takesOverAddressOfContainerThatIsGone() throws {
        let host = try NetworkNamespace.make()
        let stale = try addresses("10.1.2.2/16", "10.1.2.3/16")
        let addresses = try addresses("10.1.2.2/24")
        let more = try self.addresses("10.1.2.3/24")
        try host.run { () throws(SystemError) in
            try masquerade.add(stale, for: other)
            try masquerade.add(addresses, for: owner)
        }
        #expect(
            try host.elements() == [
                #"10.1.2.2 comment "net1 cid1 eth0" : goto masquerade-net1-10.1.2.0/24"#,
                #"10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.0.0/16"#,
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
        let addresses = try addresses("10.1.2.2/24")
        let error = #expect(throws: SystemError.self) {
            try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        }
        #expect(error?.description.hasPrefix("create chain inet cni_bridge postrouting: ") == true)
        #expect(try host.ruleset() == before)
    }

    // MARK: Checking

    @Test func knowsWhatItHasAdded() throws {
        let host = try NetworkNamespace.make()
        let (both, first) = try (addresses("10.1.2.2/24", "fd00:1::2/64"), addresses("10.1.2.2/24"))
        let wider = try addresses("10.1.2.2/16")
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

    // MARK: Removing

    @Test func removingTheLastContainerRemovesTheTable() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft add table ip other")
        let before = try host.ruleset()
        let addresses = try addresses("10.1.2.2/24", "fd00:1::2/64")
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
        let addresses = try addresses("10.1.2.2/24")
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
        let addresses = try addresses("10.1.2.2/24")
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
        let addresses = try addresses("10.1.2.2/24")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        // What is left when nothing but the removal of the table is missing.
        try host.shell("nft flush map inet cni_bridge masquerade4")
        try host.shell("nft delete chain inet cni_bridge masquerade-net1-10.1.2.0/24")
        try host.run { () throws(SystemError) in try masquerade.remove(addresses.map(\.address), of: owner) }
        #expect(try host.ruleset() == "")
    }

    @Test func removesAllAddressesOfAnOwner() throws {
        let host = try NetworkNamespace.make()
        let (mine, others) = try (addresses("10.1.2.2/24", "10.3.0.2/16", "fd00:1::2/64"), addresses("10.1.2.3/24"))
        try host.run { () throws(SystemError) in
            try masquerade.add(mine, for: owner)
            try masquerade.add(others, for: other)
            try masquerade.removeAll(of: owner)
        }
        #expect(try host.elements() == [#"10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.2.0/24"#])
        #expect(try host.chains() == ["masquerade-net1-10.1.2.0/24", "postrouting"])
        try host.run { () throws(SystemError) in try masquerade.removeAll(of: other) }
        #expect(try host.ruleset() == "")
    }

    @Test func collectsGarbageOfOneNetwork() throws {
        let host = try NetworkNamespace.make()
        let (first, second) = try (addresses("10.1.2.2/24", "fd00:1::2/64"), addresses("10.1.2.3/24"))
        let third = try addresses("10.9.0.2/16")
        let elsewhere = Attachment(network: "net1.b", containerID: "cid3", interfaceName: "eth0")
        try host.run { () throws(SystemError) in
            try masquerade.add(first, for: owner)
            try masquerade.add(second, for: other)
            try masquerade.add(third, for: elsewhere)
            try masquerade.removeAll(ofNetwork: "net1", except: [other])
        }
        #expect(
            try host.elements() == [
                #"10.1.2.3 comment "net1 cid2 eth0" : goto masquerade-net1-10.1.2.0/24"#,
                #"10.9.0.2 comment "net1.b cid3 eth0" : goto masquerade-net1.b-10.9.0.0/16"#,
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
        let addresses = try addresses("10.1.2.2/24", "fd00:1::2/64")
        try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        try host.shell("nft flush map inet cni_bridge masquerade4")
        try host.run { () throws(SystemError) in try masquerade.removeAll(ofNetwork: "net2", except: []) }
        #expect(try host.chains() == ["masquerade-net1-fd00_1__/64", "postrouting"])
        try host.shell("nft flush map inet cni_bridge masquerade6")
        try host.run { () throws(SystemError) in try masquerade.removeAll(ofNetwork: "net2", except: []) }
        #expect(try host.ruleset() == "")
    }

    // MARK: Many

    @Test func hundredContainersOfTwoNetworksLeaveNothing() throws {
        let host = try NetworkNamespace.make()
        let containers = containers(100)
        for (addresses, owner) in containers {
            try host.run { () throws(SystemError) in try masquerade.add(addresses, for: owner) }
        }
        #expect(try host.elements().count == 200)
        #expect(try host.chains().count == 5)
        #expect(try host.ruleset().split(separator: "\n").count { $0.contains("masquerade comment") } == 4)
        for (addresses, owner) in containers {
            try host.run { () throws(SystemError) in try masquerade.remove(addresses.map(\.address), of: owner) }
        }
        #expect(try host.ruleset() == "")
    }

    @Test func collectsMoreGarbageThanFitsIntoOneTransaction() throws {
        let host = try NetworkNamespace.make()
        try host.run { () throws(SystemError) in
            for (addresses, owner) in containers(700) where owner.network == "net0" {
                try masquerade.add(addresses, for: owner)
            }
        }
        #expect(try host.elements().count == 700)
        try host.run { () throws(SystemError) in try masquerade.removeAll(ofNetwork: "net0", except: []) }
        #expect(try host.ruleset() == "")
    }

    /// Eight threads add and remove containers of two networks, so that chains and the table come and go all the time.
    @Test func concurrentUsersLeaveNothing() throws {
        let host = try NetworkNamespace.make()
        let errors = try host.concurrently(8) { thread throws(SystemError) in
            for round in 0..<50 {
                let (addresses, owner) = containers(8)[thread]
                try masquerade.add(addresses, for: owner)
                if try !masquerade.contains(addresses, for: owner) {
                    throw SystemError("find container \(thread) in round", "\(round)", .noSuchFile)
                }
                try masquerade.remove(addresses.map(\.address), of: owner)
            }
        }
        #expect(errors == [])
        #expect(try host.ruleset() == "")
    }

    @Test func concurrentFirstContainersMakeEachRuleOnce() throws {
        let containers = containers(8)
        for _ in 0..<20 {
            let host = try NetworkNamespace.make()
            let errors = try host.concurrently(8) { thread throws(SystemError) in
                try masquerade.add(containers[thread].0, for: containers[thread].1)
            }
            #expect(errors == [])
            let rules = try host.ruleset().split(separator: "\n").filter {
                $0.contains("vmap") || $0.contains("return") || $0.contains("masquerade comment")
            }
            #expect(rules.count == 2 + 4 * 3)
            #expect(Set(rules).count == 2 + 4 + 2 + 2)
            #expect(try host.elements().count == 16)
        }
    }

    /// An address goes from one container to the next while the first is still being removed, again and again.
    @Test func lateRemovalNeverHitsTheNextOwner() throws {
        let host = try NetworkNamespace.make()
        let addresses = try addresses("10.1.2.2/24")
        for round in 0..<50 {
            let old = Attachment(network: "net1", containerID: "old\(round)", interfaceName: "eth0")
            let new = Attachment(network: "net1", containerID: "new\(round)", interfaceName: "eth0")
            try host.run { () throws(SystemError) in try masquerade.add(addresses, for: old) }
            let errors = try host.concurrently(4) { thread throws(SystemError) in
                if thread == 0 {
                    try masquerade.add(addresses, for: new)
                } else {
                    try masquerade.remove(addresses.map(\.address), of: old)
                }
            }
            #expect(errors == [])
            #expect(
                try host.elements()
                    == [#"10.1.2.2 comment "net1 new\#(round) eth0" : goto masquerade-net1-10.1.2.0/24"#])
        }
    }

    // MARK: Helpers

    private func addresses(_ texts: String...) throws -> [InterfaceAddress] {
        try texts.map { try #require(InterfaceAddress($0)) }
    }

    /// Dual-stack containers, taking turns between two networks.
    private func containers(_ count: Int) -> [([InterfaceAddress], Attachment)] {
        (0..<count).map { index in
            let network = index % 2
            let texts = ["10.\(network).\(index / 200).\(index % 200 + 2)/16", "fd00:\(network)::\(index + 2)/64"]
            let owner = Attachment(
                network: "net\(network)", containerID: "container\(index)", interfaceName: "eth0")
            return (texts.compactMap { InterfaceAddress($0) }, owner)
        }
    }
}
