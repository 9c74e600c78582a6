import Addressing
import Attachments
import LinuxSystem
import Nftables
import PacketRules
import TestSupport
import Testing

/// Packets that a host forwards, and other programs' rules that drop them.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct AdmissionTests {
    private let admission = Admission(table: "cni_firewall")
    private let owner = Attachment(network: "net1", containerID: "cid1", interfaceName: "eth0")

    struct Firewall: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let commands: String
    }

    static let firewalls = [
        Firewall(
            testDescription: "iptables with a policy, as Docker sets it",
            commands: """
                iptables -P FORWARD DROP
                iptables -N DOCKER-USER
                iptables -A FORWARD -j DOCKER-USER
                iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                ip6tables -P FORWARD DROP
                """),
        Firewall(
            testDescription: "iptables with a last rule",
            commands: """
                iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                iptables -A FORWARD -j REJECT --reject-with icmp-host-prohibited
                ip6tables -A FORWARD -j REJECT
                """),
        Firewall(
            testDescription: "nft with a policy",
            commands: """
                nft add table inet filter
                nft add chain inet filter forward '{ type filter hook forward priority filter; policy drop; }'
                """),
        Firewall(
            testDescription: "nft with a last rule, as firewalld has it",
            commands: """
                nft add table inet firewalld
                nft add chain inet firewalld filter_FORWARD '{ type filter hook forward priority filter + 10; }'
                nft add rule inet firewalld filter_FORWARD ct state established,related accept
                nft add rule inet firewalld filter_FORWARD reject with icmpx admin-prohibited
                """),
        Firewall(
            testDescription: "several at once",
            commands: """
                iptables -P FORWARD DROP
                ip6tables -P FORWARD DROP
                nft add table inet filter
                nft add chain inet filter forward '{ type filter hook forward priority filter; policy drop; }'
                nft add table ip guard
                nft add chain ip guard forward '{ type filter hook forward priority 20; policy drop; }'
                """),
    ]

    /// Two containers of which one is admitted, and a machine outside.
    private struct Site {
        let host: TestHost
        let admitted: TestContainer
        let other: TestContainer
        let outside: TestContainer
        static let addresses = [["10.1.0.2", "fd00:1::2"], ["10.2.0.2", "fd00:2::2"], ["192.0.2.9", "2001:db8::9"]]

        init() throws {
            host = try TestHost()
            try host.shell(
                "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
            let machines = try Self.addresses.map { _ in try TestContainer() }
            (admitted, other, outside) = (machines[0], machines[1], machines[2])
            for (number, machine) in machines.enumerated() {
                try host.shell(
                    """
                    ip link add v\(number) type veth peer name eth0 netns \(machine.path)
                    ip link set v\(number) up
                    """)
                try machine.run("ip", "link", "set", "eth0", "up")
                for address in Self.addresses[number] {
                    let (length, gateway) = address.contains(":") ? (64, "::1") : (24, ".1")
                    let near = address.replacing(/(::|\.)\d$/, with: gateway)
                    try host.run("ip", "address", "add", "\(near)/\(length)", "dev", "v\(number)", "nodad")
                    try machine.run("ip", "address", "add", "\(address)/\(length)", "dev", "eth0", "nodad")
                    try machine.run("ip", "route", "add", "default", "via", near)
                }
            }
            try outside.noteEchoSources()
        }
    }

    private static let own = Site.addresses[0].compactMap { IPAddress($0) }

    @Test(arguments: firewalls) func letsContainersThroughAndNobodyElse(firewall: Firewall) throws {
        let site = try Site()
        let (outside, container) = (Site.addresses[2], Site.addresses[0])
        for address in outside { #expect(site.admitted.reaches(address)) }
        try site.outside.run("nft", "delete", "table", "inet", "seen")
        try site.outside.noteEchoSources()
        try site.host.shell(firewall.commands)
        let before = try Self.uncountedRuleset(site.host)

        var socket = try NftablesSocket(in: site.host.namespace)
        // Neither is known yet.
        for address in outside {
            try site.admitted.ask(address)
            try site.other.ask(address)
        }
        #expect(try site.outside.echoSources().isEmpty)
        #expect(try !admission.closedChains(on: &socket).isEmpty)

        try admission.add(Self.own, for: owner, on: &socket)
        #expect(try admission.closedChains(on: &socket).isEmpty)
        for address in outside {
            try site.other.ask(address)
            #expect(site.admitted.reaches(address))
        }
        #expect(try site.outside.echoSources() == container)

        // Only answers come in.
        try site.admitted.noteEchoSources()
        for (address, other) in zip(container, outside) {
            try site.outside.ask(address)
            #expect(site.admitted.reaches(other))
        }
        #expect(try site.admitted.echoSources().isEmpty)

        try admission.removeAll(of: owner, on: &socket)
        #expect(try Self.uncountedRuleset(site.host) == before)
    }

    private static func uncountedRuleset(_ host: TestHost) throws -> String {
        try host.ruleset().replacing(/counter packets \d+ bytes \d+/, with: "counter")
    }

    @Test func letsInWhatIsPublished() throws {
        let site = try Site()
        try site.host.shell(
            """
            iptables -P FORWARD DROP
            nft add table ip nat
            nft add chain ip nat pre '{ type nat hook prerouting priority dstnat; }'
            nft add rule ip nat pre ip daddr 192.0.2.1 udp dport 5000 dnat to 10.1.0.2:6000
            """)
        var socket = try NftablesSocket(in: site.host.namespace)
        try admission.add(Self.own, for: owner, on: &socket)
        let server = try TestSocket(.udp, for: "10.1.0.2", in: site.admitted.namespace)
        try server.bind("10.1.0.2", 6000)
        let client = try TestSocket(.udp, for: "192.0.2.1", in: site.outside.namespace)
        try client.connect(to: "192.0.2.1", 5000)
        try client.send("published")
        #expect(try server.receive() == "published")
    }

    /// What drops nothing that it does not know needs no rule.
    @Test(arguments: [
        "iptables -A FORWARD -s 203.0.113.0/24 -j DROP",
        "nft add table ip t; nft add chain ip t c '{ type filter hook forward priority 0; }'",
        "nft add table ip t; nft add chain ip t c '{ type filter hook input priority 0; policy drop; }'",
    ])
    func leavesChainsAloneThatLetContainersThrough(commands: String) throws {
        let host = try TestHost()
        try host.shell(commands)
        let before = try host.ruleset()
        var socket = try NftablesSocket(in: host.namespace)
        try admission.add(Self.own, for: owner, on: &socket)
        let after = try host.ruleset()
        #expect(after.hasPrefix(before))
        #expect(!after.contains("accept comment"))
    }

    @Test func addingAgainMendsAndChangesNothingElse() throws {
        let host = try TestHost()
        try host.shell("iptables -P FORWARD DROP; iptables -A FORWARD -i lo -j ACCEPT")
        var socket = try NftablesSocket(in: host.namespace)
        try admission.add(Self.own, for: owner, on: &socket)
        let first = try host.ruleset()
        try admission.add(Self.own, for: owner, on: &socket)
        #expect(try host.ruleset() == first)
        #expect(try admission.contains(Self.own, for: owner, on: &socket))

        for damage in [
            "nft flush chain inet cni_firewall forward", "nft delete chain inet cni_firewall forward",
            "nft delete element inet cni_firewall containers4 '{ 10.1.0.2 }'",
        ] {
            try host.shell(damage)
            #expect(try !admission.contains(Self.own, for: owner, on: &socket))
            try admission.add(Self.own, for: owner, on: &socket)
            #expect(try admission.contains(Self.own, for: owner, on: &socket))
        }
        try host.shell("iptables -F FORWARD; iptables -A FORWARD -i lo -j ACCEPT")
        #expect(try admission.closedChains(on: &socket) == ["ip filter FORWARD"])
        try admission.add(Self.own, for: owner, on: &socket)
        #expect(try host.ruleset() == first)
    }

    /// As whoever saves rules with this program, and restores them, sees it.
    @Test func iptablesUnderstandsTheRule() throws {
        let host = try TestHost()
        try host.shell("iptables -P FORWARD DROP")
        var socket = try NftablesSocket(in: host.namespace)
        try admission.add(Self.own, for: owner, on: &socket)
        #expect(
            try host.run("iptables", "-S", "FORWARD") == """
                -P FORWARD DROP
                -A FORWARD -m mark --mark 0x1000/0x1000 -m comment --comment "containers of CNI networks" -j ACCEPT

                """)
        let saved = try host.run("iptables-save")
        try host.shell("iptables-restore", input: saved)
        #expect(try admission.closedChains(on: &socket).isEmpty)
        try admission.removeAll(of: owner, on: &socket)
        #expect(try host.run("iptables", "-S", "FORWARD") == "-P FORWARD DROP\n")
    }

    @Test func addressesAreTheirOwnersAlone() throws {
        let host = try TestHost()
        var socket = try NftablesSocket(in: host.namespace)
        let later = Attachment(network: "net1", containerID: "cid2", interfaceName: "eth0")
        let elsewhere = Attachment(network: "net2", containerID: "cid1", interfaceName: "eth0")
        try admission.add(Self.own, for: owner, on: &socket)
        try admission.add([Self.own[0]], for: later, on: &socket)
        #expect(try admission.foreign(Self.own, to: owner, on: &socket) == [Self.own[0]])
        try admission.removeAll(of: owner, on: &socket)
        #expect(try host.elements() == [#"10.1.0.2 comment "net1 cid2 eth0""#])

        try admission.add([Self.own[1]], for: elsewhere, on: &socket)
        try admission.removeAll(ofNetwork: "net1", except: [owner], on: &socket)
        #expect(try host.elements() == [#"fd00:1::2 comment "net2 cid1 eth0""#])
        #expect(try admission.isInUse(on: &socket))
        try admission.removeAll(ofNetwork: "net2", except: [], on: &socket)
        #expect(try host.ruleset().isEmpty)
        #expect(try !admission.isInUse(on: &socket))
    }
}
