import LinuxSystem
import Testing

struct SubprocessTests {
    private func shell(_ script: String, input: [UInt8] = []) throws -> Subprocess {
        try Subprocess.run("/bin/sh", ["-c", script], environment: ["A=1"], input: input)
    }

    @Test func passesInputEnvironmentAndOutput() throws {
        let child = try shell("cat; echo $A; echo oops >&2", input: Array("in ".utf8))
        #expect(child.ending == .exited(0))
        #expect(String(decoding: child.output, as: UTF8.self) == "in 1\n")
        #expect(String(decoding: child.errorOutput, as: UTF8.self) == "oops\n")
    }

    @Test func movesMoreThanAPipeHolds() throws {
        let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
        let child = try shell("cat", input: input)
        #expect(child.output == input)
    }

    @Test func tellsHowItEnded() throws {
        #expect(try shell("exit 7").ending == .exited(7))
        #expect(try shell("kill -9 $$").ending == .signalled(9))
    }

    @Test func survivesAChildThatReadsNothing() throws {
        #expect(try shell("true", input: Array(repeating: 0, count: 1 << 20)).ending == .exited(0))
    }

    @Test func stopsAChildThatNeverStopsTalking() {
        let error = #expect(throws: SystemError.self) { try shell("cat /dev/zero") }
        #expect(error?.code == .fileTooLarge)
    }

    @Test func refusesWhatIsNoProgram() {
        let missing = #expect(throws: SystemError.self) { try Subprocess.run("/nowhere/at/all", environment: []) }
        #expect(missing?.code == .noSuchFile)
        #expect(missing?.subject == "/nowhere/at/all")
        #expect(throws: SystemError.self) { try Subprocess.run("/etc/passwd", environment: []) }
    }

    @Test func runsABodyBesideTheChild() throws {
        let pipes = try shell("true")
        var hasRun = false
        let child = try Subprocess.run("/bin/sh", ["-c", "echo done"], environment: []) { hasRun = true }
        #expect(hasRun && child.output.count == 5 && pipes.output.isEmpty)
        hasRun = false
        #expect(throws: SystemError.self) {
            try Subprocess.run("/nowhere/at/all", environment: []) { hasRun = true }
        }
        #expect(!hasRun)
    }

    @Test func leavesNoDescriptorToTheChild() throws {
        let open = try FileDescriptor.open("/dev/null", 0)
        #expect(try shell("test -e /proc/self/fd/\(open.rawValue)").ending == .exited(1))
    }
}
