import JSON
import LinuxSystem
import TestSupport
import Testing

/// Nothing is left, and nothing of others is touched.
@Suite(.enabled(if: Executables.canCreateNamespaces))
struct BandwidthCleanupTests {
    var limited: LimitedContainer

    init() throws {
        limited = try LimitedContainer()
    }

    @Test(arguments: [nil, "/nowhere/at/all", "/etc/passwd"]) func deletesWithoutANamespace(path: String?) throws {
        var call = limited.call(LimitedContainer.both)
        #expect(try call.run("ADD", on: limited.host).succeeded)
        call.namespacePath = path
        for _ in 1...2 { #expect(try call.run("DEL", on: limited.host).succeeded) }
        #expect(try limited.host.ifbNames().isEmpty)
    }

    @Test func deletesWhateverTheConfigurationIsByNow() throws {
        #expect(try limited.call(LimitedContainer.both).run("ADD", on: limited.host).succeeded)
        let call = limited.call(["ingressRate": "much", "prevResult": .null])
        #expect(try call.run("DEL", on: limited.host).succeeded)
        #expect(try limited.isClean())
    }

    @Test func deletesWhereTheInterfaceIsGone() throws {
        let call = limited.call(LimitedContainer.both)
        #expect(try call.run("ADD", on: limited.host).succeeded)
        try limited.container.run("ip", "link", "del", "eth0")
        #expect(try call.run("DEL", on: limited.host).succeeded)
        #expect(try limited.host.linkNames() == ["lo"])
    }

    /// A late DEL may come with a path that leads to another container by now.
    @Test func leavesAnotherContainersLimits() throws {
        try limited.host.run("ip", "link", "set", "veth9", "alias", "cni pn cid2 eth0")
        var other = limited
        other.containerID = "cid2"
        #expect(try other.call(LimitedContainer.both).run("ADD", on: limited.host).succeeded)
        #expect(try limited.call(LimitedContainer.both).run("DEL", on: limited.host).succeeded)
        #expect(try other.call(LimitedContainer.both).run("CHECK", on: limited.host).succeeded)
    }

    @Test(arguments: [
        "tc qdisc add dev veth9 root handle 1: tbf rate 1mbit burst 10k limit 20k",
        "tc qdisc add dev veth9 ingress",
    ])
    func leavesWhatAnotherMade(command: String) throws {
        try limited.host.shell(command)
        let before = try limited.qdiscs("veth9")
        let added = try limited.call(LimitedContainer.both).run("ADD", on: limited.host)
        #expect(added.errorMessage?.contains("File exists: veth9 has one already") == true, "\(added.output)")
        #expect(try limited.qdiscs("veth9") == before)
        #expect(try limited.host.linkNames() == ["lo", "veth9"])
    }

    @Test func leavesADeviceOfItsNameThatAnotherMade() throws {
        try limited.host.run("ip", "link", "add", LimitedContainer.ifb, "type", "bridge")
        let call = limited.call(LimitedContainer.both)
        #expect(try call.run("ADD", on: limited.host).succeeded)
        #expect(try limited.host.ifbNames().count == 2)
        #expect(try call.run("CHECK", on: limited.host).succeeded)
        #expect(try call.run("DEL", on: limited.host).succeeded)
        #expect(try limited.host.ifbNames() == [LimitedContainer.ifb])
    }

    @Test mutating func garbageCollectionKeepsWhatIsValidAndOfOthers() throws {
        limited.version = "1.1.0"
        try limited.host.shell(
            """
            for owner in "pn cid1 eth0" "pn cid2 eth0 shop/web" "pn2 cid3 eth0"; do
                name=bwp$(echo "$owner" | cksum | cut -c 1-6)
                ip link add "$name" type ifb
                ip link set "$name" alias "cni $owner"
            done
            ip link add \(LimitedContainer.ifb) type ifb
            ip link add br0 type bridge
            ip link set br0 alias "cni pn cid9 eth0"
            """)
        let collected = try limited.call([
            "prevResult": .null, "cni.dev/valid-attachments": [["containerID": "cid1", "ifname": "eth0"]],
        ]).run("GC", on: limited.host)
        #expect(collected.succeeded, "\(collected.output)")
        let aliases = try limited.host.ip("link", "show").array?.compactMap { $0.object?["ifalias"]?.string } ?? []
        #expect(aliases.sorted() == ["cni pn cid1 eth0", "cni pn cid9 eth0", "cni pn2 cid3 eth0"])
        // The reference's does not say whose it is.
        #expect(try limited.host.linkNames().contains(LimitedContainer.ifb))
    }

    @Test mutating func statusSeesWhetherAddCouldDoIt() throws {
        limited.version = "1.1.0"
        for members: JSONObject in [["prevResult": .null], ["prevResult": .null, "shapedSubnets": ["10.0.0.0/8"]]] {
            let outcome = try limited.call(members).run("STATUS", on: limited.host)
            #expect(outcome.succeeded, "\(outcome.output)")
        }
        #expect(try limited.isClean())
        #expect(try limited.call(["ingressRate": 8]).run("STATUS", on: limited.host).errorCode == 50)
        var call = limited.call([:])
        call.launcher = [try #require(Executables.find("setpriv")), "--bounding-set=-net_admin", "--"]
        #expect(try call.run("STATUS", on: limited.host).errorCode == 50)
    }

    // MARK: Faults

    private func call(_ fault: String) throws -> PluginCall {
        var call = limited.call(LimitedContainer.both.with("shapedSubnets", ["10.0.0.0/8", "fd00::/8"]))
        let strace = try #require(Executables.find("strace"))
        call.launcher = [strace, "-o", "\(limited.host.directory.path)/trace", "-e", fault]
        return call
    }

    /// Calls by which something changes, and the most of each that an ADD makes.
    static let calls = [("sendto", 30), ("recvfrom", 30), ("socket", 5)]

    @Test(.enabled(if: Executables.find("strace") != nil), arguments: calls)
    func aKilledAddIsMendedByDelete(call name: String, most: Int) throws {
        for number in 1...most {
            let fault = "inject=\(name):signal=KILL:when=\(number)"
            let added = try call(fault).run("ADD", on: limited.host)
            #expect(try limited.call([:]).run("DEL", on: limited.host).succeeded)
            #expect(try limited.isClean(), "\(fault)")
            if added.succeeded { return }
        }
        Issue.record("there are more than \(most) calls of \(name)")
    }

    /// What the kernel has answered when the answer is lost, nobody can know, so recvfrom(2) is not among them.
    static let failingCalls = calls.filter { $0.0 != "recvfrom" }

    @Test(.enabled(if: Executables.find("strace") != nil), arguments: failingCalls)
    func aCallThatFailsLeavesNothing(call name: String, most: Int) throws {
        for number in 1...most {
            let fault = "inject=\(name):error=ENOMEM:when=\(number)"
            let added = try call(fault).run("ADD", on: limited.host)
            if added.succeeded { #expect(try limited.call([:]).run("DEL", on: limited.host).succeeded) }
            #expect(try limited.isClean(), "\(fault): \(added.output)")
            if limited.host.directory.contents("trace")?.contains("INJECTED") == false { return }
        }
        Issue.record("there are more than \(most) calls of \(name)")
    }
}
