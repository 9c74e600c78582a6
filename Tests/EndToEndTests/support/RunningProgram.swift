import Foundation
import LinuxSystem
import Synchronization
import TestSupport

/// A program that runs in a namespace while a test does, and what it says meanwhile; it ends with its owner.
final class RunningProgram: Sendable {
    private let process: ChildProcess
    private let output: FileHandle
    private let said = Mutex(Said())

    private struct Said {
        var all = ""
        /// Where the next wait begins to look.
        var seen = 0
        var hasEnded = false
        var status: CInt?
    }

    init(
        _ words: [String], _ variables: [String: String] = [:], in namespace: borrowing NetworkNamespace
    ) throws {
        let path = try Executables.find(words.first ?? "").orThrow("\(words.first ?? "no program") is not installed")
        var ends: [CInt] = [-1, -1]
        // A socket, because one can be made that no other child ever gets.
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        let writing = ends[1]
        defer { close(writing) }
        output = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        let environment = ["PATH": Executables.folders.joined(separator: ":")].merging(variables) { $1 }
        let result = try namespace.run { () throws(SystemError) in
            Result {
                try ChildProcess(
                    URL(filePath: path), Array(words.dropFirst()), environment: environment,
                    output: .descriptor(writing), error: .descriptor(writing))
            }
        }
        process = try result.get()
    }

    deinit {
        kill(SIGKILL)
        _ = end()
    }

    var identifier: pid_t { process.identifier }

    /// Everything that it has said and that was waited for.
    var log: String { said.withLock { $0.all } }

    /// Waits until it says something that it has not said at the last wait, for a minute at most.
    ///
    /// - Returns: the line with it.
    /// - Throws: when it does not, or ends before; with all that it said.
    @discardableResult
    func wait(for text: String) throws -> String {
        let deadline = MonotonicClock.milliseconds + 60_000
        return try said.withLock { said in
            while true {
                let lines = said.all.dropFirst(said.seen).split(separator: "\n", omittingEmptySubsequences: false)
                var position = said.seen
                for line in lines.dropLast() {
                    position += line.count + 1
                    guard line.contains(text) else { continue }
                    said.seen = position
                    return String(line)
                }
                let left = deadline - MonotonicClock.milliseconds
                guard left > 0, !said.hasEnded,
                    try FileDescriptor.waitUntilReadable(anyOf: [output.fileDescriptor], milliseconds: left)
                else { throw CommandFailure(description: "waited for \"\(text)\" in vain:\n\(said.all)") }
                read(into: &said)
            }
        }
    }

    private func read(into said: inout Said) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(output.fileDescriptor, &buffer, buffer.count)
        if count > 0 { said.all += String(decoding: buffer.prefix(count), as: UTF8.self) } else { said.hasEnded = true }
    }

    func kill(_ signal: CInt) {
        said.withLock { said in
            if said.status == nil { _ = Glibc.kill(process.identifier, signal) }
        }
    }

    /// Asks it to end, and waits until it has.
    ///
    /// - Returns: its exit status, or 128 and the number of the signal that ended it.
    @discardableResult
    func end() -> CInt {
        kill(SIGTERM)
        return said.withLock { said in
            if let status = said.status { return status }
            // What it says at its end must not keep it.
            while !said.hasEnded { read(into: &said) }
            let status = process.wait()
            said.status = status
            return status
        }
    }
}

extension Optional {
    fileprivate func orThrow(_ description: String) throws -> Wrapped {
        guard let self else { throw CommandFailure(description: description) }
        return self
    }
}
