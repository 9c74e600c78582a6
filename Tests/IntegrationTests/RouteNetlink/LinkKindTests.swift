import LinuxSystem
import Netlink
import TestSupport
import Testing

@testable import RouteNetlink

/// Kinds of links that are made on others, as `ip` sees them, and the other way round.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct LinkKindTests {
    let host: TestHost
    let container: TestContainer

    init() throws {
        host = try TestHost()
        container = try TestContainer()
        try host.namespace.shell(
            "ip link add uplink type veth peer name eth0; ip link set uplink up; ip link set eth0 up")
    }

    @Test(arguments: MacvlanOptions.Mode.allCases)
    func makesAMacvlanInAnotherNamespaceWhateverNamesThisOneHas(mode: MacvlanOptions.Mode) throws {
        var socket = try RouteSocket(in: host.namespace)
        var inside = try RouteSocket(in: container.namespace)
        let parent = try #require(try socket.link(named: "uplink"))
        var link = NewLink(name: "eth0")
        link.parent = parent.index
        let options = MacvlanOptions(mode: mode, broadcastQueueLength: 77)
        let made = try socket.create(link, options, in: container.namespace, by: &inside)
        #expect(made.kind == .macvlan(options))
        #expect(made.parent?.index == parent.index && made.parent?.namespace != nil)
        let shown = try container.link("eth0")?["linkinfo"]?.object
        #expect(shown?["info_kind"] == "macvlan")
        #expect(shown?["info_data"]?.object?["mode"]?.string == mode.rawValue)
        let error = #expect(throws: SystemError.self) {
            try socket.create(link, options, in: container.namespace, by: &inside)
        }
        // The second on a parent that is another's alone is no matter of names.
        #expect(mode == .passthru || error?.code == .exists)
        #expect(try container.linkNames() == ["eth0", "lo"])
    }

    @Test func namesAKindThatTheKernelLacks() throws {
        struct Unheard: LinkOptions {
            static let kind = "unheard"
            func encode(into message: inout NetlinkMessage) {}
        }
        var socket = try RouteSocket(in: host.namespace)
        try socket.requireCreatable(MacvlanOptions())
        try socket.requireCreatable(VethPeer(NewLink(name: "other")))
        let error = #expect(throws: SystemError.self) { try socket.requireCreatable(Unheard()) }
        #expect(error?.code == .notSupported)
        #expect(try host.linkNames() == ["eth0", "lo", "uplink"])
    }
}
