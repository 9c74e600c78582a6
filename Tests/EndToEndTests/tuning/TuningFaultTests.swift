import JSON
import LinuxSystem
import TestSupport
import Testing

/// An ADD that is killed at any instant is mended by DEL, and one that a call fails for changes nothing.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.find("strace") != nil))
struct TuningFaultTests {
    let tuned: TunedContainer

    init() throws {
        tuned = try TunedContainer()
    }

    private static let members: JSONObject = [
        "mac": "02:00:00:00:00:77", "mtu": 1400, "allmulti": true,
        "sysctl": ["net.core.somaxconn": "500", "net.ipv4.ip_default_ttl": "33"],
    ]

    private func call(_ fault: String) throws -> PluginCall {
        var call = tuned.call(Self.members)
        let strace = try #require(Executables.find("strace"))
        call.launcher = [strace, "-o", "\(tuned.host.directory.path)/trace", "-e", fault]
        return call
    }

    private func expectNothingChanged(_ what: String) throws {
        #expect(try tuned.interface() == TunedContainer.untouched, "\(what)")
        #expect(try tuned.parameter("core/somaxconn") != "500", "\(what)")
        #expect(try tuned.parameter("ipv4/ip_default_ttl") == "64", "\(what)")
        #expect(tuned.records.filter { !$0.hasSuffix(".tmp") }.isEmpty, "\(what)")
    }

    /// Calls by which something changes, and the most of each that an ADD makes.
    static let calls = [("sendto", 20), ("openat", 90), ("write", 20), ("rename", 5), ("socket", 5)]

    @Test(arguments: calls) func aKilledAddIsMendedByDelete(call name: String, most: Int) throws {
        for number in 1...most {
            let fault = "inject=\(name):signal=KILL:when=\(number)"
            let added = try call(fault).run("ADD", on: tuned.host)
            #expect(try tuned.call(Self.members).run("DEL", on: tuned.host).succeeded)
            try expectNothingChanged(fault)
            if added.succeeded { return }
        }
        Issue.record("there are more than \(most) calls of \(name)")
    }

    @Test(arguments: calls) func aCallThatFailsChangesNothing(call name: String, most: Int) throws {
        for number in 1...most {
            let fault = "inject=\(name):error=ENOMEM:when=\(number)"
            let added = try call(fault).run("ADD", on: tuned.host)
            if added.succeeded { #expect(try tuned.call(Self.members).run("DEL", on: tuned.host).succeeded) }
            try expectNothingChanged(fault)
            if tuned.host.directory.contents("trace")?.contains("INJECTED") == false { return }
        }
        Issue.record("there are more than \(most) calls of \(name)")
    }
}
