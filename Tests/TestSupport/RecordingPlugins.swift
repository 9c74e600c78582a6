import Foundation
package import JSON

/// Plugins that are shell scripts: each notes how it was called and then does what the test has it do.
package final class RecordingPlugins: Sendable {
    /// One run of a plugin.
    package struct Call {
        package var plugin: String
        package var command: String
        package var input: String
        package var environment: [String: String]

        /// The plugin and its command, as in `alpha ADD`.
        package var name: String { "\(plugin) \(command)" }

        /// A member of the configuration that it got.
        package func member(_ name: String) throws -> JSONValue? {
            try JSONValue(parsing: input).object?[name]
        }
    }

    /// Prints a result with an address, and the supported versions when asked for them.
    package static let answering = """
        case $CNI_COMMAND in
        ADD) echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.3/24"}]}' ;;
        VERSION) echo '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}' ;;
        esac
        """

    package let directory: TemporaryDirectory

    package init() throws {
        directory = try TemporaryDirectory()
        try directory.write("log", "")
    }

    /// What `CNI_PATH` gets.
    package var path: String { "\(directory.path)/bin" }

    /// Installs a plugin.
    package func install(_ name: String, _ behaviour: String = answering) throws {
        let script = """
            #!/bin/sh
            here=${0%/bin/*}
            echo "${0##*/} $CNI_COMMAND" >> "$here/log"
            call=$here/call.$(wc -l < "$here/log")
            cat > "$call.input"
            env > "$call.environment"
            \(behaviour)

            """
        try directory.writeExecutable("bin/\(name)", script)
    }

    /// All runs so far, in their order.
    package var calls: [Call] {
        (directory.contents("log") ?? "").split(separator: "\n").enumerated().map { index, line in
            let words = line.split(separator: " ").map(String.init)
            let environment = directory.contents("call.\(index + 1).environment") ?? ""
            let variables = environment.split(separator: "\n").map { line in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            }
            return Call(
                plugin: words.first ?? "", command: words.count > 1 ? words[1] : "",
                input: directory.contents("call.\(index + 1).input") ?? "",
                environment: Dictionary(variables) { $1 })
        }
    }

    /// The names of all runs so far.
    package var callNames: [String] { calls.map(\.name) }
}
