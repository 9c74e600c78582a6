import Addressing
import Attachments
import LinuxSystem
import TestSupport
import Testing

@testable import Nftables
@testable import PacketRules

/// Rules that somebody has changed, or that another version of ours made, are seen and replaced.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct RulesetRepairTests {
    private let owner = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")

    // MARK: Masquerade

    private let masquerade = Masquerade(table: "cni_bridge")
    private static let chain = "inet cni_bridge masquerade-net1-10.1.2.0/24"
    private static let base = "inet cni_bridge postrouting"
    private static let lookups = [
        "iifname . ip saddr vmap @sources4", "iifname . ip6 saddr vmap @sources6", "ip saddr vmap @masquerade4",
        "ip6 saddr vmap @masquerade6",
    ]

    private static func filling(_ chain: String, with rules: some Sequence<String>) -> String {
        (["nft flush chain \(chain)"] + rules.map { "nft add rule \(chain) \($0)" }).joined(separator: "\n")
    }

    @Test(arguments: [
        // Inserted.
        "nft insert rule \(base) ip daddr 192.0.2.0/24 accept",
        "nft add rule \(base) counter",
        "nft insert rule \(chain) accept",
        "nft add rule \(chain) drop",
        // Replaced by as many.
        filling(base, with: ["iifname . ip saddr vmap @sources4", "ip6 saddr fd00::/8 accept"] + lookups[2...]),
        filling(base, with: ["iifname . ip daddr vmap @sources4"] + lookups[1...]),
        filling(base, with: ["oifname . ip saddr vmap @sources4"] + lookups[1...]),
        filling(base, with: ["iifname . ip saddr vmap @other4"] + lookups[1...]),
        // What an earlier version made, which looks into none of the maps that have the container.
        filling(base, with: lookups[2...]),
        """
        nft flush chain \(chain); nft add rule \(chain) ip daddr 10.1.0.0/16 return
        nft add rule \(chain) ip daddr 224.0.0.0/4 return; nft add rule \(chain) masquerade
        """,
        """
        nft flush chain \(chain); nft add rule \(chain) ip daddr 10.1.2.0/24 accept
        nft add rule \(chain) ip daddr 224.0.0.0/4 return; nft add rule \(chain) masquerade
        """,
        """
        nft flush chain \(chain); nft add rule \(chain) ip daddr 10.1.2.0/24 return
        nft add rule \(chain) ip daddr 224.0.0.0/4 return; nft add rule \(chain) masquerade random
        """,
        // In another order.
        """
        nft flush chain \(chain); nft add rule \(chain) masquerade
        nft add rule \(chain) ip daddr 10.1.2.0/24 return; nft add rule \(chain) ip daddr 224.0.0.0/4 return
        """,
        // Of the chain itself.
        "nft chain \(base) '{ policy drop; }'",
    ])
    func masqueradeIsMended(_ change: String) throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let addresses = try ["10.1.2.2/24", "fd00:1::2/64"].map { try #require(InterfaceAddress($0)) }
        try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        try host.shell("nft add map inet cni_bridge other4 '{ type ifname . ipv4_addr : verdict; }'")
        let before = try host.ruleset()
        #expect(try masquerade.contains(addresses, by: "bridge0", for: owner, on: &socket))

        try host.shell("set -e; \(change)")
        #expect(try host.ruleset() != before)
        #expect(try !masquerade.contains(addresses, by: "bridge0", for: owner, on: &socket))
        try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        #expect(try host.ruleset() == before)
        #expect(try masquerade.contains(addresses, by: "bridge0", for: owner, on: &socket))
    }

    /// Masks where the rules of today load fewer bytes, which does the same in other steps.
    @Test func rulesOfAnotherFormAreReplaced() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let addresses = [try #require(InterfaceAddress("10.1.2.2/24"))]
        try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        let before = try host.ruleset()

        let chain = Chain(in: Table(.inet, "cni_bridge"), "masquerade-net1-10.1.2.0/24")
        func exemption(_ address: [UInt8], _ mask: [UInt8]) -> Rule {
            let steps: [Expression] = [.load(.destinationAddress(.v4)), .mask(mask), .isEqual(to: address)]
            return Rule(in: chain, Statement([.networkProtocol(.v4)], steps), .verdict(.return))
        }
        let rules = [exemption([10, 1, 2, 0], [255, 255, 255, 0]), exemption([224, 0, 0, 0], [240, 0, 0, 0])]
        var transaction = NftablesTransaction()
        transaction.fill(chain, with: rules + [Rule(in: chain, .masquerade(), comment: "net1")])
        try socket.commit(transaction)
        #expect(try host.ruleset() == before)
        #expect(try !masquerade.contains(addresses, by: "bridge0", for: owner, on: &socket))
        try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        #expect(try masquerade.contains(addresses, by: "bridge0", for: owner, on: &socket))
        #expect(try host.ruleset() == before)
    }

    @Test func rulesetThatWasSavedAndLoadedAgainIsTheSame() throws {
        let saved = try NetworkNamespace.make()
        let host = try NetworkNamespace.make()
        let addresses = try ["10.1.2.2/24", "10.2.0.130/25", "fd00:1::2/64"].map { try #require(InterfaceAddress($0)) }
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        var socket = try NftablesSocket(in: saved)
        try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        try spoofCheck.add(mac, on: "veth1", for: owner, on: &socket)

        try host.shell("nft -f -", input: saved.ruleset())
        socket = try NftablesSocket(in: host)
        #expect(try masquerade.contains(addresses, by: "bridge0", for: owner, on: &socket))
        #expect(try spoofCheck.contains(mac, on: "veth1", for: owner, on: &socket))
        let before = try host.shell("nft -a list ruleset")
        try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        try spoofCheck.add(mac, on: "veth1", for: owner, on: &socket)
        #expect(try host.shell("nft -a list ruleset") == before)
    }

    @Test func chainWithAnotherHookIsSeenAndLeftAlone() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let addresses = [try #require(InterfaceAddress("10.1.2.2/24"))]
        try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        let ruleset = try host.ruleset().replacing("priority srcnat", with: "priority 150")
        try host.shell("nft flush ruleset; nft -f -", input: ruleset)
        #expect(try !masquerade.contains(addresses, by: "bridge0", for: owner, on: &socket))
        let error = #expect(throws: SystemError.self) {
            try masquerade.add(addresses, by: "bridge0", for: owner, on: &socket)
        }
        #expect(error?.description.hasPrefix("create chain inet cni_bridge postrouting: ") == true)
        #expect(try host.ruleset().contains("priority 150"))
    }

    // MARK: Spoof check

    private let spoofCheck = SpoofCheck(table: "cni_bridge")
    private static let port = "bridge cni_bridge port-veth1"
    private static let bridgeBase = "bridge cni_bridge prerouting"

    @Test(arguments: [
        "nft insert rule \(bridgeBase) accept",
        "nft flush chain \(bridgeBase); nft add rule \(bridgeBase) oifname vmap @ports",
        "nft flush chain \(bridgeBase)",
        "nft insert rule \(port) accept",
        "nft add rule \(port) drop",
        // With the comment of the right one.
        """
        nft flush chain \(port)
        nft add rule \(port) ether saddr != 02:00:00:00:00:01 accept comment '"02:00:00:00:00:01"'
        """,
        """
        nft flush chain \(port)
        nft add rule \(port) ether saddr != 02:00:00:00:00:02 drop comment '"02:00:00:00:00:01"'
        """,
        """
        nft flush chain \(port)
        nft add rule \(port) ether daddr != 02:00:00:00:00:01 drop comment '"02:00:00:00:00:01"'
        """,
    ])
    func spoofCheckIsMended(_ change: String) throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        try spoofCheck.add(mac, on: "veth1", for: owner, on: &socket)
        let before = try host.ruleset()
        #expect(try spoofCheck.contains(mac, on: "veth1", for: owner, on: &socket))

        try host.shell("set -e; \(change)")
        #expect(try !spoofCheck.contains(mac, on: "veth1", for: owner, on: &socket))
        try spoofCheck.add(mac, on: "veth1", for: owner, on: &socket)
        #expect(try host.ruleset() == before)
        #expect(try spoofCheck.contains(mac, on: "veth1", for: owner, on: &socket))
    }

    @Test func addingSpoofCheckTwiceChangesNothing() throws {
        let host = try NetworkNamespace.make()
        var socket = try NftablesSocket(in: host)
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        try spoofCheck.add(mac, on: "veth1", for: owner, on: &socket)
        let before = try host.shell("nft -a list ruleset")
        try spoofCheck.add(mac, on: "veth1", for: owner, on: &socket)
        #expect(try host.shell("nft -a list ruleset") == before)
        let other = try #require(MACAddress("02:00:00:00:00:02"))
        #expect(try !spoofCheck.contains(other, on: "veth1", for: owner, on: &socket))
        try spoofCheck.remove(port: "veth1", of: owner, on: &socket)
        #expect(try host.ruleset() == "")
    }
}
