import Foundation
import LinuxSystem

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
