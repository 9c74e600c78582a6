import Attachments
import Foundation
import LinuxSystem
import PacketRules
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct RulesetRemainsTests {
    private static let referenceBridge = "/usr/lib/cni/bridge"

    private let attachment = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")

    /// What the reference's iptables backend runs for one address.
    private func iptables(_ command: String, _ chain: String, _ address: String, _ network: String) -> String {
        let multicast = command == "iptables" ? "224.0.0.0/4" : "ff00::/8"
        return """
            \(command) -t nat -N \(chain)
            \(command) -t nat -A \(chain) -d \(network) -j ACCEPT -m comment --comment 'name: "net1" id: "cid1"'
            \(command) -t nat -A \(chain) ! -d \(multicast) -j MASQUERADE -m comment --comment 'name: "net1" id: "cid1"'
            \(command) -t nat -A POSTROUTING -s \(address) -j \(chain) -m comment --comment 'name: "net1" id: "cid1"'

            """
    }

    @Test func removesIptablesChainAndWhatJumpsToIt() throws {
        let host = try NetworkNamespace.make()
        let (mine, others) = ("CNI-e8f6f419596f7f47b3468487", "CNI-2bbe0c48b91a7d1b8a6753a8")
        try host.shell("set -e; " + iptables("iptables", others, "10.88.0.3", "10.88.0.0/24"))
        try host.shell("set -e; " + iptables("ip6tables", others, "fd00::3", "fd00::/64"))
        try host.shell("iptables -t nat -A POSTROUTING -s 10.7.0.0/16 -j MASQUERADE")
        let before = try host.shell("iptables -t nat -S; ip6tables -t nat -S")
        try host.shell("set -e; " + iptables("iptables", mine, "10.88.0.2", "10.88.0.0/24"))
        // A second rule, as one for the whole subnet that older releases made.
        try host.shell("iptables -t nat -A POSTROUTING -s 10.88.0.0/24 -j \(mine)")
        try host.shell("set -e; " + iptables("ip6tables", mine, "fd00::2", "fd00::/64"))

        for _ in 1...2 {
            try host.run { () throws(SystemError) in try RulesetRemains.removeIptablesMasquerade(of: attachment) }
            #expect(try host.shell("iptables -t nat -S; ip6tables -t nat -S") == before)
        }
    }

    @Test func removesRulesOfTheNftablesBackend() throws {
        let host = try NetworkNamespace.make()
        func rule(_ address: String, _ comment: String) -> String {
            "ip saddr \(address) ip daddr != 10.88.0.0/24 masquerade comment \"\(comment)\""
        }
        let mine = "917148ec47923f2e-0b65a318f52e521b"
        let attachment = Attachment(network: "n", containerID: "cid1", interfaceName: "eth0")
        let others = [
            rule("10.88.0.3", "917148ec47923f2e-0000000000000000, net: n, if: eth0, id: cid2"),
            rule("10.88.0.4", "none of theirs"),
            "ip saddr 10.88.0.5 masquerade",
        ]
        try host.shell(
            "nft -f -",
            input: """
                table inet cni_plugins_masquerade {
                    comment "Masquerading for plugins from github.com/containernetworking/plugins"
                    chain masq_checks {
                        comment "Masquerade traffic from certain IPs to any (non-multicast) IP outside their subnet"
                        \(others[0])
                        \(rule("10.88.0.2", "\(mine), net: n, if: eth0, id: cid1"))
                        \(others[1])
                        \(others[2])
                        \(rule("10.88.0.6", "\(mine), net: n, if: eth0, id: cid1"))
                    }
                    chain postrouting {
                        type nat hook postrouting priority srcnat
                        ip daddr 224.0.0.0/4 return
                        ip6 daddr ff00::/8 return
                        goto masq_checks
                    }
                }

                """)
        for _ in 1...2 {
            try host.run { () throws(SystemError) in try RulesetRemains.removeMasquerade(of: attachment) }
            let rules = try host.shell("nft list chain inet cni_plugins_masquerade masq_checks")
                .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.hasPrefix("ip ") }
            #expect(rules == others)
        }
    }

    @Test func hostThatNeverHadAnyStaysUntouched() throws {
        let host = try NetworkNamespace.make()
        try host.run { () throws(SystemError) in
            try RulesetRemains.removeIptablesMasquerade(of: attachment)
            try RulesetRemains.removeMasquerade(of: attachment)
        }
        #expect(try host.ruleset() == "")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: referenceBridge)))
    func removesWhatTheReferenceLeaves() throws {
        let host = try NetworkNamespace.make()
        let container = try NetworkNamespace.make()
        let leases = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: leases) }
        let configuration = """
            { "cniVersion": "1.0.0", "name": "net1", "type": "bridge", "bridge": "br0", "isGateway": true,
              "ipMasq": true, "ipam": { "type": "host-local", "dataDir": "\(leases.path)", "ranges": [
                [ { "subnet": "10.88.0.0/24" } ], [ { "subnet": "fd00:88::/64" } ] ] } }
            """
        try host.shell("iptables -t nat -A POSTROUTING -s 10.7.0.0/16 -j MASQUERADE; ip6tables -t nat -A POSTROUTING")
        let before = try host.shell("iptables -t nat -S; ip6tables -t nat -S")
        try host.shell(
            """
            CNI_COMMAND=ADD CNI_CONTAINERID=cid1 CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni \
            CNI_NETNS=\(container.path) \(Self.referenceBridge)
            """, input: configuration)
        let chain = "CNI-e8f6f419596f7f47b3468487"
        #expect(try host.shell("iptables -t nat -S; ip6tables -t nat -S").contains(chain))

        try host.run { () throws(SystemError) in try RulesetRemains.removeIptablesMasquerade(of: attachment) }
        #expect(try host.shell("iptables -t nat -S; ip6tables -t nat -S") == before)
    }
}
