import Foundation
import LinuxSystem
import Synchronization

/// Whether this process may make network namespaces.
let canCreateNamespaces: Bool = (try? NetworkNamespace.make()) != nil

struct CommandFailed: Error {
    let command: String
    let output: String
}

extension NetworkNamespace {
    /// Runs a shell command in the namespace and returns what it prints; throws unless it succeeds.
    @discardableResult
    borrowing func shell(_ command: String, input: String = "") throws -> String {
        let process = try run { () throws(SystemError) in
            try Subprocess.run(
                "/bin/sh", ["-c", command], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                input: Array(input.utf8))
        }
        let output = String(decoding: process.output, as: UTF8.self)
        guard process.ending == .exited(0) else {
            throw CommandFailed(
                command: command, output: output + String(decoding: process.errorOutput, as: UTF8.self))
        }
        return output
    }

    /// The ruleset as nft(8) prints it.
    borrowing func ruleset() throws -> String {
        try shell("nft list ruleset")
    }

    /// The ruleset as nft(8) prints it in JSON, without the numbers that the kernel gives out.
    borrowing func rulesetJSON() throws -> String {
        try shell("nft -j list ruleset").replacing(/"handle": [0-9]+(, )?/, with: "")
    }
}

extension NetworkNamespace {
    /// The elements of all maps, sorted, as nft(8) prints them.
    borrowing func elements() throws -> [String] {
        try ruleset().matches(of: /elements = \{([^}]*)\}/).flatMap { match in
            match.1.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        }.sorted()
    }

    /// The names of all chains, sorted.
    borrowing func chains() throws -> [String] {
        try ruleset().matches(of: /chain (\S+) \{/).map { String($0.1) }.sorted()
    }

    /// Runs a body on several threads at once, each of them inside the namespace, and returns what they threw.
    borrowing func concurrently(
        _ threads: Int, _ body: @escaping @Sendable (Int) throws(SystemError) -> Void
    ) throws -> [SystemError] {
        let path = "/proc/\(getpid())/fd/\(descriptor.rawValue)"
        let errors = Mutex<[SystemError]>([])
        let ended = DispatchSemaphore(value: 0)
        for index in 0..<threads {
            Thread {
                do throws(SystemError) {
                    let namespace = try NetworkNamespace(path: path)
                    try namespace.run { () throws(SystemError) in try body(index) }
                } catch {
                    errors.withLock { $0.append(error) }
                }
                ended.signal()
            }.start()
        }
        for _ in 0..<threads { ended.wait() }
        return errors.withLock { $0 }
    }
}
