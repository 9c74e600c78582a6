public import LinuxSystem

extension NetworkNamespace {
    /// Runs a shell command in the namespace and returns what it prints; throws unless it succeeds.
    @discardableResult
    public borrowing func shell(_ command: String, input: String = "") throws -> String {
        let process = try run { () throws(SystemError) in
            try Subprocess.run(
                "/bin/sh", ["-c", command], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                input: Array(input.utf8))
        }
        let output = String(decoding: process.output, as: UTF8.self)
        guard process.ending == .exited(0) else {
            throw CommandFailure(
                description: "\(command): \(output)\(String(decoding: process.errorOutput, as: UTF8.self))")
        }
        return output
    }

    /// The ruleset as nft(8) prints it.
    public borrowing func ruleset() throws -> String {
        try shell("nft list ruleset")
    }

    /// The ruleset as nft(8) prints it in JSON, without the numbers that the kernel gives out.
    public borrowing func rulesetJSON() throws -> String {
        try shell("nft -j list ruleset").replacing(/"handle": [0-9]+(, )?/, with: "")
    }
}
