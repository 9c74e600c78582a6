import Glibc
import JSON
import LinuxSystem
import TestSupport
import Testing

/// SIGTERM and SIGINT end the wait for a lock that somebody keeps.
@Suite(.enabled(if: Executables.find("strace") != nil))
struct HostLocalInterruptionTests {
    private let network: LeaseNetwork

    init() throws {
        network = try LeaseNetwork(["subnet": "10.1.2.0/24", "lockTimeoutSeconds": 1])
        try network.run("ADD", "c1")
    }

    private func hold() throws -> FileLock {
        let path = "\(network.files.path)/mynet/lock"
        return try FileLock(FileDescriptor.open(path, O_RDONLY), path: path, timeout: 0)
    }

    /// Has the kernel send a signal when the plugin makes a system call for the nth time.
    private func run(
        _ command: String, _ id: String, _ signal: String, at call: String, _ number: Int
    ) throws -> PluginOutcome {
        let strace = try #require(Executables.find("strace"))
        let fault = "inject=\(call):signal=\(signal):when=\(number)"
        return try network.run(command, id, behind: [strace, "-o", "\(network.files.path)/trace", "-e", fault])
    }

    @Test(arguments: ["ADD", "DEL", "STATUS"], ["TERM", "INT"])
    func aSignalEndsTheWait(verb: String, signal: String) throws {
        let lock = try hold()
        // The second is the one that waits.
        let outcome = try run(verb, verb == "ADD" ? "c2" : "c1", signal, at: "flock", 2)
        #expect(outcome.errorCode == (verb == "STATUS" ? 50 : 11), "\(outcome.output)")
        #expect(outcome.errorMessage?.contains("SIG\(signal) received") == true, "\(outcome.output)")
        #expect(network.leased == ["10.1.2.2"])
        _ = consume lock
        #expect(try network.run("ADD", "c2").succeeded)
    }

    /// Whenever it comes, up to the wait, the signal is what ends the plugin.
    @Test(arguments: ["rt_sigaction", "rt_sigpending", "rt_sigprocmask", "timer_create", "timer_settime", "flock"])
    func noSignalIsMissed(at call: String) throws {
        let lock = try hold()
        var number = 0
        while true {
            number += 1
            let outcome = try run("ADD", "c2", "TERM", at: call, number)
            let trace = try #require(network.files.contents("trace")).split(separator: "\n")
            let calls = trace.indices.filter { trace[$0].hasPrefix("\(call)(") }
            let wait = trace.firstIndex { $0.contains("LOCK_EX)") } ?? trace.endIndex
            // The time is over by then.
            guard calls.count >= number, calls[number - 1] <= wait else { break }
            // One that came before the plugin held it back has ended it as well.
            let isTold = outcome.errorMessage?.contains("SIGTERM received") == true
            #expect(isTold || outcome.ending == .signalled(SIGTERM), "\(call) \(number): \(outcome.output)")
        }
        #expect(number > 1)
        #expect(network.leased == ["10.1.2.2"])
        _ = consume lock
    }
}
