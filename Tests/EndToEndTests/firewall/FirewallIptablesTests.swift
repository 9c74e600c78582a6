import JSON
import TestSupport
import Testing

/// The reference's chains, which the user asked for.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct FirewallIptablesTests {
    var network: FirewallNetwork
    let container: TestContainer

    var host: TestHost { network.host }

    init() throws {
        network = try FirewallNetwork()
        network.more["backend"] = "iptables"
        container = try TestContainer()
    }

    private static func admission(admin: String = "CNI-ADMIN") -> [String] {
        ["10.1.0.2/32", "fd00:1::2/128"].flatMap { host in
            [
                "-N \(admin)", "-N CNI-FORWARD",
                #"-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD"#,
                #"-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j \#(admin)"#,
                "-A CNI-FORWARD -d \(host) -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "-A CNI-FORWARD -s \(host) -j ACCEPT",
            ]
        }
    }

    @Test func makesTheReferencesRulesAndRemovesThoseOfTheContainer() throws {
        try host.shell("iptables -A FORWARD -j DROP; ip6tables -A FORWARD -j DROP")
        let added = try network.attach(container)
        var rules = try host.filterRules().filter { $0 != "-A FORWARD -j DROP" }
        #expect(rules == Self.admission())
        #expect(try host.run("iptables", "-S", "FORWARD").hasSuffix("CNI-FORWARD\n-A FORWARD -j DROP\n"))
        let checked = try network.firewall(container).after(added).run("CHECK", on: host)
        #expect(checked.succeeded, "\(checked.output)")
        // Adding again finds all there.
        #expect(try network.firewall(container).after(added).run("ADD", on: host).succeeded)
        rules = try host.filterRules().filter { $0 != "-A FORWARD -j DROP" }
        #expect(rules == Self.admission())

        try host.run("iptables", "-D", "CNI-FORWARD", "-s", "10.1.0.2", "-j", "ACCEPT")
        let missing = try network.firewall(container).after(added).run("CHECK", on: host)
        #expect(missing.errorMessage == "expected rule -A CNI-FORWARD -s 10.1.0.2/32 -j ACCEPT not found")

        for _ in 1...2 {
            #expect(try network.firewall(nil).after(added).run("DEL", on: host).succeeded)
            rules = try host.filterRules().filter { $0 != "-A FORWARD -j DROP" }
            #expect(rules == Self.admission().filter { !$0.contains("/") })
        }
    }

    @Test mutating func takesAnotherChainForTheAdministrator() throws {
        network.more["iptablesAdminChainName"] = "SITE"
        try network.attach(container)
        #expect(try host.filterRules().sorted() == Self.admission(admin: "SITE").sorted())
    }

    @Test mutating func separatesNetworksAsTheReferenceDoes() throws {
        network.more["ingressPolicy"] = "isolated"
        let added = try network.attach(container)
        func comment(_ policy: String) -> String {
            #"-m comment --comment "CNI firewall plugin rules (ingressPolicy: \#(policy))""#
        }
        let (shared, own) = (comment("same-bridge|isolated"), comment("isolated"))
        let rules = try host.run("iptables", "-S").split(separator: "\n").map(String.init)
        #expect(rules.first { $0.hasPrefix("-A FORWARD") } == "-A FORWARD \(shared) -j CNI-ISOLATION-STAGE-1")
        #expect(
            rules.filter { $0.hasPrefix("-A CNI-ISOLATION") } == [
                "-A CNI-ISOLATION-STAGE-1 -i bridge0 -o bridge0 \(own) -j DROP",
                "-A CNI-ISOLATION-STAGE-1 -i bridge0 ! -o bridge0 \(own) -j CNI-ISOLATION-STAGE-2",
                "-A CNI-ISOLATION-STAGE-1 \(shared) -j RETURN",
                "-A CNI-ISOLATION-STAGE-2 -o bridge0 \(shared) -j DROP",
                "-A CNI-ISOLATION-STAGE-2 \(shared) -j RETURN",
            ])
        #expect(try network.firewall(container).after(added).run("CHECK", on: host).succeeded)
        try network.detach(container, added)
        #expect(try host.run("iptables", "-S").contains("bridge0"))
    }

    @Test func statusNeedsThePrograms() throws {
        var call = network.firewall(nil)
        #expect(try call.run("STATUS", on: host).succeeded)
        call.launcher = [
            "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
            "mount -t tmpfs tmpfs /usr/sbin && exec \"$@\"", "sh",
        ]
        let missing = try call.run("STATUS", on: host)
        #expect(missing.errorCode == 50)
        #expect(missing.errorMessage == "find program iptables: No such file or directory")
    }

    @Test(.enabled(if: Executables.hasReference), arguments: ["open", "same-bridge"])
    mutating func makesWhatTheReferenceMakes(policy: String) throws {
        network.bridge.version = "1.0.0"
        network.more["ingressPolicy"] = .string(policy)
        var theirs = try FirewallNetwork()
        theirs.bridge.version = "1.0.0"
        theirs.more = network.more
        theirs.directory = Executables.reference
        try network.attach(container)
        try theirs.attach(TestContainer())
        // Debian's 1.1 knows one policy, and says so in its comments.
        let ours = try host.filterRules().map { $0.replacing("same-bridge|isolated", with: "same-bridge") }
        #expect(try ours.sorted() == theirs.host.filterRules().sorted())
    }

    /// A node that is moved to this suite, or back, with its containers running.
    @Test(.enabled(if: Executables.hasReference), arguments: ["iptables", nil], [true, false])
    mutating func eitherSuiteGoesOnWithWhatTheOtherMade(backend: String?, isOursFirst: Bool) throws {
        network.bridge.version = "1.0.0"
        var theirs = network
        theirs.directory = Executables.reference
        network.more["backend"] = backend.map { .string($0) }
        // The reference knows no nf_tables of its own.
        if isOursFirst && backend == nil { return }
        let (first, second) = isOursFirst ? (network, theirs) : (theirs, network)
        let added = try first.attach(container)
        let checked = try second.firewall(container).after(added).run("CHECK", on: host)
        #expect(checked.succeeded, "\(checked.output)")
        try second.detach(container, added)
        #expect(try host.filterRules().sorted() == Self.admission().filter { !$0.contains("/") }.sorted())
    }
}
