import JSON
import LinuxSystem
import TestSupport
import Testing

/// Every system call by which ADD and DEL look at leases or change them fails once: an address is leased to who was told so,
/// and to nobody else.
@Suite(.enabled(if: Executables.find("strace") != nil))
struct HostLocalFaultTests {
    private var network: LeaseNetwork

    init() throws {
        network = try LeaseNetwork(["subnet": "10.1.2.0/24", "warnAtPercent": 1, "sticky": true])
        network.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web"
        for number in 1...3 { try network.run("ADD", "former\(number)") }
    }

    /// Those that both make.
    static let calls = [
        "openat", "newfstatat", "flock", "read", "pread64", "write", "pwrite64", "utimensat", "linkat", "unlinkat",
    ]

    /// Runs a verb with what strace is told, and returns what strace saw.
    private func run(_ verb: String, _ expression: String) throws -> (outcome: PluginOutcome, trace: [Substring]) {
        let strace = try #require(Executables.find("strace"))
        let words = [strace, "-o", "\(network.files.path)/trace", "-e", expression]
        let outcome = try network.run(verb, "c", behind: words)
        return (outcome, try #require(network.files.contents("trace")).split(separator: "\n"))
    }

    /// How many calls of a name a verb makes before it opens the directory: those are the dynamic loader's.
    private func callsBefore(_ verb: String, _ call: String) throws -> Int {
        let (outcome, trace) = try run(verb, "trace=openat,\(call)")
        #expect(outcome.succeeded)
        return trace.prefix { !$0.contains(network.files.path) }.count { $0.hasPrefix("\(call)(") }
    }

    @Test(arguments: calls)
    func whoIsToldOfAnAddressHasItAlone(call: String) throws {
        let before = network.leased
        var number = try callsBefore("ADD", call)
        var wasInjected = true
        while wasInjected {
            for id in ["c", "next"] { #expect(try network.run("DEL", id).succeeded) }
            #expect(network.leased == before, "\(call) \(number)")

            number += 1
            let (added, trace) = try run("ADD", "inject=\(call):error=EIO:when=\(number)")
            wasInjected = trace.contains { $0.contains("INJECTED") }
            #expect(added.succeeded == (added.errorCode == nil), "\(call) \(number): \(added.output)")
            let leased = network.leased.filter { !before.contains($0) }
            #expect(added.addresses.map { String($0.dropLast(3)) } == leased, "\(call) \(number): \(added.output)")
            // Whatever became of it, others go on.
            let next = try network.run("ADD", "next")
            #expect(next.succeeded && !leased.contains { next.addresses == ["\($0)/24"] }, "\(call) \(number)")
        }
    }

    @Test(arguments: calls.filter { $0 != "linkat" })
    func whatIsSaidToBeDeletedIs(call: String) throws {
        let before = network.leased
        #expect(try network.run("ADD", "c").succeeded)
        var number = try callsBefore("DEL", call)
        var wasInjected = true
        while wasInjected {
            #expect(try network.run("ADD", "c").succeeded)
            number += 1
            let (deleted, trace) = try run("DEL", "inject=\(call):error=EIO:when=\(number)")
            wasInjected = trace.contains { $0.contains("INJECTED") }
            #expect(deleted.succeeded == (deleted.errorCode == nil), "\(call) \(number): \(deleted.output)")
            if deleted.succeeded { #expect(network.leased == before, "\(call) \(number)") }
            #expect(try network.run("DEL", "c").succeeded)
            #expect(network.leased == before, "\(call) \(number)")
        }
    }
}
