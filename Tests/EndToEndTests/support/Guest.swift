import Foundation
import JSON
import LinuxSystem
import TestSupport
import Testing

/// A virtual machine with Debian's kernel, for what this machine's may lack: bridges that filter VLANs.
///
/// `Tests/guest` has its parts. It runs one command at a time.
final class Guest: Sendable {
    /// Whether `Tests/guest/prepare` was run, and qemu is there.
    static let isAvailable =
        File.isRegular(Repository.path(".build/guest/root.cpio")) && Executables.find("qemu-system-x86_64") != nil

    /// The guest of the suite that is running.
    @TaskLocal static var current: Guest?

    private let line: FileHandle
    private let machine: ChildProcess
    private let directory: TemporaryDirectory
    private let turn = NSLock()

    /// Boots a guest that has programs where this machine has them.
    ///
    /// - Parameter programs: their paths.
    /// - Throws: with the console's end when it does not come up.
    init(with programs: [String]) throws {
        directory = try TemporaryDirectory()
        // A socket, because one can be made that no other child ever gets.
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        defer { close(ends[1]) }
        line = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        machine = try ChildProcess(
            URL(filePath: Repository.path("Tests/guest/start")), [directory.path] + programs,
            environment: ProcessInfo.processInfo.environment,
            input: .descriptor(ends[1]), output: .descriptor(ends[1]),
            error: .file(URL(filePath: "\(directory.path)/errors")))
        guard try read(until: "\n") == Array("ready".utf8) else { throw failure("it does not boot") }
    }

    /// Ends the machine.
    func end() {
        kill(machine.identifier, SIGTERM)
        _ = machine.wait()
    }

    /// Runs a shell script in the guest.
    ///
    /// - Throws: with the console's end when the guest does not answer any more.
    func run(_ script: String) throws -> PluginOutcome {
        try turn.withLock {
            // Nothing that a script prints has it.
            let mark = "-\(UInt64.random(in: 0 ... .max))-"
            let escaped = script.replacing("\\", with: #"\\"#).replacing("\n", with: #"\n"#)
            try line.write(contentsOf: Data("\(mark) \(escaped)\n".utf8))
            let output = try read(until: mark)
            let errors = try read(until: mark)
            guard let status = CInt(String(decoding: try read(until: "\n"), as: UTF8.self)) else {
                throw failure("half an answer")
            }
            return PluginOutcome(ending: .exited(status), output: output, errorOutput: errors)
        }
    }

    /// Reads up to a mark, which is left out.
    private func read(until mark: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let byte = try line.read(upToCount: 1)?.first {
            bytes.append(byte)
            if bytes.last == mark.utf8.last, bytes.suffix(mark.utf8.count).elementsEqual(mark.utf8) {
                return bytes.dropLast(mark.utf8.count)
            }
        }
        throw failure("no answer")
    }

    private func failure(_ what: String) -> CommandFailure {
        let said = ["errors", "console"].compactMap { directory.contents($0) }.joined().suffix(2000)
        return CommandFailure(description: "guest: \(what): \(said)")
    }
}

/// Gives a suite one guest for all its tests.
struct GuestTrait: SuiteTrait, TestScoping {
    let programs: [String]

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let guest = try await onThread { try Guest(with: programs) }
        defer { guest.end() }
        try await Guest.$current.withValue(guest) { try await function() }
    }
}

extension Trait where Self == GuestTrait {
    /// One guest for all tests of the suite, with plugins of this suite.
    static func guest(with plugins: String...) -> Self {
        GuestTrait(programs: plugins.map { "\(Executables.own)/\($0)" })
    }
}
