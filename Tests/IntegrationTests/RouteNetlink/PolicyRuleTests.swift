import Addressing
import LinuxSystem
import Netlink
import RouteNetlink
import TestSupport
import Testing

@Suite(.enabled(if: Executables.canCreateNamespaces))
struct PolicyRuleTests {
    @Test(arguments: [("192.0.2.0/24", "192.0.2.0/24"), ("2001:db8::9/128", "2001:db8::9")])
    func ruleIsAddedListedAndDeleted(source: String, shown: String) throws {
        let rule = PolicyRule(from: try #require(CIDR(source)), to: 70_000, priority: 99, origin: .suite)
        let family = source.contains(":") ? "-6" : "-4"
        let host = try NetworkNamespace.make()
        var socket = try RouteSocket(in: host)
        try socket.perform(.add(rule))
        #expect(try host.output(of: "ip", [family, "rule"]).contains("99:\tfrom \(shown) lookup 70000 proto 193"))
        #expect(try socket.rules().contains(rule))
        #expect(throws: SystemError.self) { try socket.perform(.add(rule)) }
        try socket.perform(.delete(rule))
        #expect(try !socket.rules().contains(rule))
        #expect(throws: SystemError.self) { try socket.perform(.delete(rule)) }
    }

    @Test func readsWhatAnotherProgramMade() throws {
        let host = try NetworkNamespace.make()
        var socket = try RouteSocket(in: host)
        let before = Set(try socket.rules())
        try host.shell(
            """
            ip rule add from 10.1.0.0/16 lookup 7 priority 5
            ip rule add from 10.2.0.0/16 fwmark 1 lookup 7 priority 6
            ip rule add not from 10.3.0.0/16 lookup 7 priority 7
            ip rule add from 10.4.0.0/16 to 10.5.0.0/16 lookup 7 priority 8
            ip rule add from 10.6.0.0/16 priority 9 blackhole
            """)
        let added = try socket.rules().filter { !before.contains($0) }
        #expect(added.map { "\($0)" } == [1, 2, 3, 4].map { "from 10.\($0).0.0/16 lookup 7" })
        #expect(added.map(\.priority) == [5, 6, 7, 8])
        #expect(added.map(\.hasOtherConditions) == [false, true, true, true])
    }
}
