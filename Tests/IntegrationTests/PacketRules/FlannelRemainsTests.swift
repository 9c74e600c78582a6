import LinuxSystem
import Nftables
import PacketRules
import TestSupport
import Testing

/// What the reference's daemon left.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct FlannelRemainsTests {
    private func remove(from host: borrowing NetworkNamespace) throws -> [String] {
        var socket = try NftablesSocket(in: host)
        return try RulesetRemains.removeFlannel(on: &socket)
    }

    @Test func chainsOfIptablesGoWithWhatJumpsToThem() throws {
        let host = try NetworkNamespace.make()
        try host.shell(
            "iptables -t nat -A POSTROUTING -s 10.7.0.0/16 -j MASQUERADE; iptables -A FORWARD -s 10.7.0.0/16")
        let before = try host.shell("iptables -t nat -S; iptables -S")
        try host.shell(
            """
            set -- -m comment --comment "flanneld masq"
            iptables -t nat -N FLANNEL-POSTRTG
            iptables -t nat -A POSTROUTING "$@" -j FLANNEL-POSTRTG
            iptables -t nat -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 "$@" -j RETURN
            iptables -t nat -A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 "$@" -j RETURN
            iptables -t nat -A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 "$@" -j MASQUERADE --random-fully
            iptables -N FLANNEL-FWD
            iptables -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
            iptables -A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            """)
        #expect(try remove(from: host) == ["ip nat FLANNEL-POSTRTG", "ip filter FLANNEL-FWD"])
        #expect(try host.shell("iptables -t nat -S; iptables -S") == before)
        #expect(try remove(from: host) == [])
    }

    @Test func itsTablesGoAndOthersStay() throws {
        let host = try NetworkNamespace.make()
        try host.shell("nft add table ip other; nft add chain ip other postrtg")
        let before = try host.ruleset()
        try host.shell(
            "nft -f -",
            input: """
                table ip flannel-ipv4 { chain postrtg { type nat hook postrouting priority srcnat; masquerade; }; }
                table ip6 flannel-ipv6 { chain forward { type filter hook forward priority filter; accept; }; }

                """)
        #expect(try remove(from: host) == ["ip flannel-ipv4", "ip6 flannel-ipv6"])
        #expect(try host.ruleset() == before)
    }
}
