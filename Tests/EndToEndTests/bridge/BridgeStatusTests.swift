import JSON
import LinuxSystem
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BridgeStatusTests {
    var network: BridgeNetwork
    let container: TestContainer

    init() throws {
        container = try TestContainer()
        network = try BridgeNetwork()
        network.version = "1.1.0"
    }

    private func status() throws -> PluginOutcome {
        try network.call(nil).run("STATUS", on: network.host)
    }

    @Test(
        arguments: [["ipMasq": true], ["macspoofchk": true], ["ipMasq": true, "ipMasqBackend": "iptables"]]
            as [JSONObject])
    mutating func isReadyBeforeTheFirstContainer(more: JSONObject) throws {
        for member in more.members { network.more[member.name] = member.value }
        let outcome = try status()
        #expect(outcome.succeeded && outcome.output.isEmpty, "\(outcome.output)")
        // Asking leaves nothing.
        #expect(try network.host.linkNames() == ["lo"])
        #expect(try network.isClean())
    }

    @Test mutating func namesALinkThatIsNoBridge() throws {
        try network.host.run("ip", "link", "add", "bridge0", "type", "veth")
        let outcome = try status()
        #expect(outcome.errorCode == 50)
        #expect(outcome.errorMessage?.contains("\"bridge0\" already exists but is not a bridge") == true)
        let added = try network.call(container).run("ADD", on: network.host)
        #expect(added.errorMessage == outcome.errorMessage)
    }

    @Test mutating func namesABridgeThatCannotBeMade() throws {
        var call = network.call(nil)
        call.launcher = [try #require(Executables.find("setpriv")), "--bounding-set=-net_admin", "--"]
        let outcome = try call.run("STATUS", on: network.host)
        #expect(outcome.errorCode == 50)
        #expect(outcome.errorMessage?.contains("Operation not permitted") == true, "\(outcome.output)")
    }

    @Test mutating func namesMissingPrograms() throws {
        network.more["ipMasq"] = true
        network.more["ipMasqBackend"] = "iptables"
        let empty = try TemporaryDirectory()
        var call = network.call(nil)
        // In a mount namespace where the folders of programs are empty.
        call.launcher = [
            try #require(Executables.find("unshare")), "-m", try #require(Executables.find("sh")), "-c",
            #"mount --bind "$0" /usr/sbin && exec "$@""#, empty.path,
        ]
        let outcome = try call.run("STATUS", on: network.host)
        #expect(outcome.errorCode == 50, "\(outcome.output)\(outcome.errorOutput)")
        #expect(outcome.errorMessage == "find program iptables: No such file or directory")
    }

    @Test(
        arguments: [
            (["type": "no-such-plugin"], "no-such-plugin"), (["ranges": [[["subnet": "10.1.2.7/24"]]]], "host bits"),
            (["ranges": "10.1.2.0/24"], "ranges"), (["dataDir": "/proc/version"], "/proc/version"),
        ] as [(JSONObject, String)])
    mutating func answersForItsAddressPlugin(more: JSONObject, words: String) throws {
        network.ipamMore = more
        let outcome = try status()
        #expect(outcome.errorCode == 50, "\(outcome.output)")
        #expect(outcome.errorMessage?.contains(words) == true, "\(outcome.output)")
    }

    @Test mutating func saysThatNoAddressIsLeft() throws {
        network.ranges = [[["subnet": "10.1.2.0/30"]]]
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        let outcome = try status()
        #expect(outcome.errorCode == 50)
        #expect(outcome.errorMessage == "no addresses free in 10.1.2.0/30 (1 of 1 leased)")
    }

    @Test mutating func saysWhenContainersAreCutOff() throws {
        let other = try TestContainer()
        #expect(try network.call(container).run("ADD", on: network.host).succeeded)
        #expect(try status().succeeded)
        try network.host.run("sysctl", "-qw", "net.ipv4.ip_forward=0")
        let forwarding = try status()
        #expect(forwarding.errorCode == 51)
        #expect(
            forwarding.errorMessage == "containers on bridge \"bridge0\" are cut off: IPv4 forwarding is off")
        try network.host.run("ip", "link", "set", "bridge0", "down")
        let down = try status()
        #expect(down.errorCode == 51)
        #expect(down.errorMessage == "bridge \"bridge0\" is down")

        // ADD mends both.
        #expect(try network.call(other, id: "cid2").run("ADD", on: network.host).succeeded)
        #expect(try status().succeeded)
    }
}
