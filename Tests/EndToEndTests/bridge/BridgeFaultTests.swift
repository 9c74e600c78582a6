import JSON
import LinuxSystem
import TestSupport
import Testing

/// Every system call by which ADD changes something fails once, and is once the last that ADD makes.
@Suite(.enabled(if: Executables.canCreateNamespaces && Executables.find("strace") != nil))
struct BridgeFaultTests {
    var network: BridgeNetwork

    init() throws {
        network = try BridgeNetwork()
        network.version = "1.1.0"
        network.more = ["isDefaultGateway": true, "ipMasq": true, "macspoofchk": true]
        network.ranges = [[["subnet": "10.1.2.0/24"]], [["subnet": "fd00:1::/64"]]]
    }

    /// Calls that change or ask the kernel, and the most of each that an ADD makes.
    static let calls = [("sendto", 80), ("setns", 20), ("openat", 90), ("write", 25), ("socket", 15), ("clone3", 4)]

    /// How the dynamic loader ends a program whose libraries it cannot open; plugins built for release have none.
    private static let loaderFailure: CInt = 127

    private func call(_ container: TestContainer, _ fault: String) throws -> PluginCall {
        var call = network.call(container)
        let strace = try #require(Executables.find("strace"))
        let flock = try #require(Executables.find("flock"))
        call.launcher = [flock, "--shared", try lock, strace, "-o", trace, "-e", fault]
        return call
    }

    /// What strace saw of the last call.
    private var trace: String { "\(network.host.directory.path)/trace" }

    /// Whether the last call had come to where something was to fail.
    private var wasInjected: Bool { network.host.directory.contents("trace")?.contains("INJECTED") == true }

    /// What a plugin and the plugins that it runs hold open as long as any of them lives.
    private var lock: String { get throws { try network.host.directory.write("running", "") } }

    /// Waits for those that outlive a plugin that was killed: they undo what nobody will hear of.
    private func waitForOrphans() throws {
        try network.host.run("flock", lock, "true")
    }

    /// A thread that cannot return to its namespace has to end the process, so setns(2) is not among them.
    static let failingCalls = calls.filter { $0.0 != "setns" }

    @Test(arguments: failingCalls)
    func aCallThatFailsLeavesNothing(call name: String, most: Int) throws {
        var failures = 0
        var hasPassedTheLast = false
        for number in 1...most where !hasPassedTheLast {
            let container = try TestContainer()
            let fault = "inject=\(name):error=ENOMEM:when=\(number)"
            let added = try call(container, fault).run("ADD", on: network.host)
            if added.succeeded {
                // Not all failures matter: some are of things that a kernel may lack. The result is whole, then.
                #expect(added.addresses.count == 2)
                #expect(container.reaches("10.1.2.1"), "\(fault)")
                #expect(try network.call(container).run("DEL", on: network.host).succeeded)
                hasPassedTheLast = !wasInjected
            } else {
                failures += 1
                let isToldOfAnError = added.errorCode != nil || added.ending == .exited(Self.loaderFailure)
                #expect(isToldOfAnError, "\(fault): \(added.ending) \(added.output)")
            }
            #expect(try network.isClean(), "\(fault): \(added.output)")
            #expect(try container.link("eth0") == nil, "\(fault)")
        }
        #expect(failures > 0)
        #expect(hasPassedTheLast, "there are more than \(most) calls of \(name)")
    }

    @Test(arguments: calls)
    func aKilledAddIsMendedByDelete(call name: String, most: Int) throws {
        for number in 1...most {
            let container = try TestContainer()
            let fault = "inject=\(name):signal=KILL:when=\(number)"
            let killed = try call(container, fault).run("ADD", on: network.host)
            try waitForOrphans()
            let deleted = try network.call(container).run("DEL", on: network.host)
            #expect(deleted.succeeded, "\(fault): \(deleted.output)")
            #expect(try network.isClean(), "\(fault)")
            #expect(try container.link("eth0") == nil, "\(fault)")
            if killed.succeeded { return #expect(number > 1, "there is no call of \(name)") }
        }
        Issue.record("there are more than \(most) calls of \(name)")
    }

    @Test(arguments: calls)
    func aKilledAddIsMendedByGarbageCollection(call name: String, most: Int) throws {
        var collecting = network
        collecting.more["cni.dev/valid-attachments"] = []
        for number in 1...most {
            let container = try TestContainer()
            let killed = try call(container, "inject=\(name):signal=KILL:when=\(number)").run("ADD", on: network.host)
            try waitForOrphans()
            let collected = try collecting.call(nil).run("GC", on: network.host)
            #expect(collected.succeeded, "\(name) \(number): \(collected.output)")
            #expect(try network.isClean(), "\(name) \(number)")
            if killed.succeeded { return #expect(number > 1, "there is no call of \(name)") }
        }
        Issue.record("there are more than \(most) calls of \(name)")
    }

    @Test(arguments: calls)
    func aKilledDeleteIsMendedByTheNext(call name: String, most: Int) throws {
        for number in 1...most {
            let container = try TestContainer()
            #expect(try network.call(container).run("ADD", on: network.host).succeeded)
            let fault = "inject=\(name):signal=KILL:when=\(number)"
            let killed = try call(container, fault).run("DEL", on: network.host)
            try waitForOrphans()
            #expect(try network.call(container).run("DEL", on: network.host).succeeded, "\(fault)")
            #expect(try network.isClean(), "\(fault)")
            if killed.succeeded { return #expect(number > 1, "there is no call of \(name)") }
        }
        Issue.record("there are more than \(most) calls of \(name)")
    }
}
