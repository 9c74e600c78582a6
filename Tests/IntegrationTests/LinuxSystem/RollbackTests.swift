import LinuxSystem
import Testing

struct RollbackTests {
    private final class Log {
        var lines: [String] = []
    }

    @Test func unwindsNewestFirstAndOnPastErrors() {
        let log = Log()
        do {
            var rollback = Rollback { log.lines.append($0) }
            rollback.register("first") { log.lines.append("1") }
            rollback.register("second") { throw SystemError("delete link", "x", .busy) }
            rollback.register("third") { log.lines.append("3") }
        }
        #expect(log.lines == ["3", "undo: second: delete link x: Device or resource busy", "1"])
    }

    @Test func keepsWhatWasCommitted() {
        let log = Log()
        var rollback = Rollback { log.lines.append($0) }
        rollback.register("first") { log.lines.append("1") }
        rollback.commit()
        #expect(log.lines.isEmpty)
    }

    @Test func unwindsWhenAnErrorIsThrown() {
        let log = Log()
        func work() throws {
            var rollback = Rollback { log.lines.append($0) }
            rollback.register("first") { log.lines.append("1") }
            throw SystemError("go on", nil, .interrupted)
        }
        #expect(throws: SystemError.self) { try work() }
        #expect(log.lines == ["1"])
    }

    @Test func errorsReadAsASentence() {
        #expect("\(SystemError("create link", "cni0", .exists))" == "create link cni0: File exists")
        #expect(
            "\(SystemError("list links", nil, .permissionDenied, explanation: "try root"))"
                == "list links: Operation not permitted: try root")
    }
}
