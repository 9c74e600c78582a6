import Addressing
import Attachments
import LinuxSystem
import TestSupport
import Testing

@testable import PacketRules

/// Many containers, one after the other and at the same time.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct MasqueradeLoadTests {
    private let masquerade = Masquerade(table: "cni_bridge")

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
            #expect(rules.count == 4 + 4 * 3)
            #expect(Set(rules).count == 4 + 4 + 2 + 2)
            #expect(try host.elements().count == 16)
        }
    }

    /// An address goes from one container to the next while the first is still being removed, again and again.
    @Test func lateRemovalNeverHitsTheNextOwner() throws {
        let host = try NetworkNamespace.make()
        let addresses = try InterfaceAddress.list("10.1.2.2/24")
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
                    == [#""bridge0" . 10.1.2.2 comment "net1 new\#(round) eth0" : goto masquerade-net1-10.1.2.0/24"#])
        }
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
