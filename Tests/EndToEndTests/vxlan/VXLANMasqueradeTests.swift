import JSON
import LinuxSystem
import TestSupport
import Testing

/// What `vxlan` masquerades, beside networks of others and after others have changed its rules.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct VXLANMasqueradeTests {
    private let cluster: VXLANCluster
    private let member: VXLANCluster.Member
    private let added: PluginOutcome
    /// Knows no way to containers, so an answer comes only to the host's address.
    private let outside: TestHost

    init() throws {
        cluster = try VXLANCluster(VXLANCluster.Options(more: ["ipMasq": true]), hosts: 1)
        member = cluster.members[0]
        outside = try TestHost()
        try cluster.plugIn(outside, number: 90)
        try outside.namespace.noteEchoSources()
        for name in ["all", "default"] {
            try member.host.run("sysctl", "-qw", "net.ipv4.conf.\(name).rp_filter=0")
        }
        added = try cluster.attachAll()[0]
    }

    @Test func aContainerOfTheSameAddressElsewhereOnTheHostIsLeftAlone() throws {
        let stranger = try TestContainer()
        try member.host.namespace.shell(
            """
            ip link add other0 type veth peer name eth0 netns \(stranger.path)
            ip link set other0 up
            """)
        try stranger.namespace.shell(
            """
            ip address add \(added.hosts[0])/24 dev eth0
            ip link set eth0 up
            ip route add default via 10.244.1.1
            ip neigh replace 10.244.1.1 lladdr \(try member.host.mac(of: "other0")) dev eth0
            """)
        try stranger.ask("192.168.1.100")
        #expect(member.container.reaches("192.168.1.100"))
        #expect(try outside.namespace.echoSources() == [added.hosts[0], "192.168.1.11"].sorted())
    }

    private static let base = "inet cni_vxlan postrouting"
    private static let chain = "inet cni_vxlan masquerade-overlay-10.244.0.0/16"

    @Test(arguments: [
        """
        nft flush chain \(base)
        for rule in 1 2 3 4; do nft add rule \(base) ip saddr 10.244.0.0/16 accept; done
        """,
        """
        nft flush chain \(chain); nft add rule \(chain) ip daddr 10.0.0.0/8 return
        nft add rule \(chain) ip daddr 224.0.0.0/4 return; nft add rule \(chain) masquerade
        """,
        """
        nft flush chain \(chain); nft add rule \(chain) ip daddr 10.244.0.0/16 return
        nft add rule \(chain) ip daddr 224.0.0.0/4 return; nft add rule \(chain) accept
        """,
        """
        nft add chain inet cni_vxlan mine
        nft delete element inet cni_vxlan sources4 '{ cni0 . 10.244.1.2 }'
        nft add element inet cni_vxlan sources4 \
            '{ cni0 . 10.244.1.2 comment "overlay cid1 eth0" : goto mine }'
        """,
    ])
    func rulesReplacedByAsManyOthersAreMended(change: String) throws {
        let before = try member.host.ruleset()
        let call = cluster.call(member).after(added)
        let sound = try call.run("CHECK", on: member.host)
        #expect(sound.succeeded && sound.errorOutput.isEmpty, "\(sound.output)\(sound.errorOutput)")

        try member.host.namespace.shell("set -e; \(change)")
        #expect(try member.host.ruleset() != before)
        let checked = try call.run("CHECK", on: member.host)
        #expect(checked.errorOutput == "masquerade of 10.244.1.2 missing, added\n", "\(checked.output)")
        #expect(member.container.reaches("192.168.1.100"))
        try member.host.namespace.shell("nft delete chain inet cni_vxlan mine || true")
        #expect(try member.host.ruleset() == before)
    }
}
