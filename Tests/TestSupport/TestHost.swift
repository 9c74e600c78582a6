import Foundation
public import JSON
public import LinuxSystem

/// A network namespace that plays a machine, with a folder for its files; both go with their owner.
public final class TestHost: Sendable {
    public let namespace: NetworkNamespace
    public let directory: TemporaryDirectory

    public init() throws {
        namespace = try NetworkNamespace.make()
        directory = try TemporaryDirectory()
        try run("ip", "link", "set", "lo", "up")
    }

    /// Goes before a command that is to have the host's folder as `/run`, and `lib` in it as `/var/lib`.
    public var launcher: [String] {
        let script = #"mkdir -p "$0/lib" && mount --bind "$0/lib" /var/lib && mount --bind "$0" /run && exec "$@""#
        return [
            Executables.find("unshare") ?? "unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script,
            directory.path,
        ]
    }

    /// Runs a program inside and returns what it printed.
    ///
    /// - Throws: what it said when it failed.
    @discardableResult
    public func run(_ program: String, _ arguments: String...) throws -> String {
        try namespace.output(of: program, arguments)
    }

    /// Runs an `ip` command inside and returns what it reports.
    public func ip(_ arguments: String...) throws -> JSONValue {
        try namespace.json("ip", ["-d", "-j"] + arguments)
    }

    /// The names of all links inside, sorted.
    public func linkNames() throws -> [String] {
        try ip("link", "show").array?.compactMap { $0.object?["ifname"]?.string }.sorted() ?? []
    }

    /// The nf_tables rules inside, without handles; empty when there are none.
    public func ruleset() throws -> String {
        try run("nft", "list", "ruleset")
    }
}

/// A network namespace that plays a container.
public final class TestContainer: Sendable {
    public let namespace: NetworkNamespace
    /// What `CNI_NETNS` gets.
    public let path: String

    public init() throws {
        namespace = try NetworkNamespace.make()
        path = "/proc/\(ProcessInfo.processInfo.processIdentifier)/fd/\(namespace.descriptor.rawValue)"
    }

    /// Runs a program inside and returns what it printed.
    @discardableResult
    public func run(_ program: String, _ arguments: String...) throws -> String {
        try namespace.output(of: program, arguments)
    }

    /// Runs an `ip` command inside and returns what it reports.
    public func ip(_ arguments: String...) throws -> JSONValue {
        try namespace.json("ip", ["-d", "-j"] + arguments)
    }

    /// The link of a name as `ip` describes it, nil when there is none.
    public func link(_ name: String) throws -> JSONObject? {
        try ip("link", "show").array?.compactMap(\.object).first { $0["ifname"]?.string == name }
    }

    /// Whether an answer to a ping comes, tried until it does; the deadline allows for a machine that is busy with other
    /// tests.
    ///
    /// - Parameters:
    ///   - address: who is to answer.
    ///   - bytes: of payload in a packet that may not be fragmented; nil for a packet as ping makes it.
    ///   - seconds: until the deadline.
    /// - Returns: false when none has come by then.
    public func reaches(_ address: String, bytes: Int? = nil, within seconds: Int = 10) -> Bool {
        let size = bytes.map { ["-M", "do", "-s", "\($0)"] } ?? []
        let arguments = size + ["-i", "0.2", "-w", "\(seconds)", "-c", "1", address]
        return (try? namespace.output(of: "ping", arguments)) != nil
    }
}

/// What a program said when it failed.
public struct CommandFailure: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) {
        self.description = description
    }
}

extension NetworkNamespace {
    /// Runs a program inside and returns what it printed.
    ///
    /// - Throws: what it said when it failed.
    @discardableResult
    public borrowing func output(of program: String, _ arguments: [String]) throws -> String {
        guard let path = Executables.find(program) else {
            throw CommandFailure(description: "\(program) is not installed")
        }
        let child = try run { () throws(SystemError) in
            try Subprocess.run(path, arguments, environment: ProcessEnvironment.entries)
        }
        guard child.ending == .exited(0) else {
            let said = String(decoding: child.errorOutput + child.output, as: UTF8.self)
            throw CommandFailure(
                description: "\(program) \(arguments.joined(separator: " ")): \(child.ending): \(said)")
        }
        return String(decoding: child.output, as: UTF8.self)
    }

    /// Runs a program that reports in JSON.
    public borrowing func json(_ program: String, _ arguments: [String]) throws -> JSONValue {
        let text = try output(of: program, arguments)
        return text.allSatisfy(\.isWhitespace) ? [] : try JSONValue(parsing: text)
    }
}
