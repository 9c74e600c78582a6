import Glibc
package import JSON
import LinuxSystem

/// Something that has a network and runs programs: this machine, a namespace, what plays a host or a container in one, a
/// namespace of a virtual machine.
package protocol TestMachine: ~Copyable {
    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - words: the program, looked up as a shell would, and its arguments.
    ///   - variables: what it has in its environment beside, or instead of, what this process has; nil takes one away.
    ///   - input: its whole standard input.
    /// - Returns: how it ended and what it said.
    /// - Throws: when it cannot be started.
    borrowing func outcome(
        of words: [String], _ variables: [String: String?], input: [UInt8]
    ) throws -> PluginOutcome
}

extension TestMachine where Self: ~Copyable {
    /// Runs a program and returns what it printed.
    ///
    /// - Throws: what it said when it failed.
    @discardableResult
    package borrowing func output(of program: String, _ arguments: [String], input: String = "") throws -> String {
        let outcome = try outcome(of: [program] + arguments, [:], input: Array(input.utf8))
        guard outcome.succeeded else {
            let words = ([program] + arguments).joined(separator: " ")
            throw CommandFailure(
                description: "\(words): \(outcome.ending): \(outcome.errorOutput)\(outcome.output)")
        }
        return outcome.output
    }

    /// Runs a program and returns what it printed.
    ///
    /// - Throws: what it said when it failed.
    @discardableResult
    package borrowing func run(_ program: String, _ arguments: String...) throws -> String {
        try output(of: program, arguments)
    }

    /// Runs commands of a shell, which ends at the first that fails, and returns what they printed.
    ///
    /// - Throws: what they said when one failed.
    @discardableResult
    package borrowing func shell(_ commands: String, input: String = "") throws -> String {
        try output(of: "sh", ["-euc", commands], input: input)
    }

    /// Runs a program that reports in JSON; an empty array when it reports nothing.
    package borrowing func json(_ program: String, _ arguments: [String]) throws -> JSONValue {
        let text = try output(of: program, arguments)
        return text.allSatisfy(\.isWhitespace) ? [] : try JSONValue(parsing: text)
    }

    /// Runs an `ip` command and returns what it reports.
    package borrowing func ip(_ arguments: String...) throws -> JSONValue {
        try json("ip", ["-d", "-j"] + arguments)
    }

    /// The names of all links, sorted.
    package borrowing func linkNames() throws -> [String] {
        try ip("link", "show").array?.compactMap { $0.object?["ifname"]?.string }.sorted() ?? []
    }

    /// The link of a name as `ip` describes it, nil when there is none.
    package borrowing func link(_ name: String) throws -> JSONObject? {
        try ip("link", "show").array?.compactMap(\.object).first { $0["ifname"]?.string == name }
    }
}

/// What a program said when it failed.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// The machine that the tests run on, for programs that leave its network alone.
package struct ThisMachine: TestMachine {
    package init() {}

    package func outcome(
        of words: [String], _ variables: [String: String?] = [:], input: [UInt8] = []
    ) throws -> PluginOutcome {
        PluginOutcome(try Program(words, variables, input).run())
    }
}

extension NetworkNamespace: TestMachine {
    /// A path that others open it by, as `CNI_NETNS` is one.
    package var path: String { "/proc/\(getpid())/fd/\(descriptor.rawValue)" }

    package borrowing func outcome(
        of words: [String], _ variables: [String: String?] = [:], input: [UInt8] = []
    ) throws -> PluginOutcome {
        let program = try Program(words, variables, input)
        return PluginOutcome(try run { () throws(SystemError) in try program.run() })
    }
}

/// A program that has been found, and all that it gets.
private struct Program {
    private let path: String
    private let arguments: [String]
    private let environment: [String]
    private let input: [UInt8]

    init(_ words: [String], _ variables: [String: String?], _ input: [UInt8]) throws {
        guard let name = words.first, let path = Executables.find(name) else {
            throw CommandFailure(description: "\(words.first ?? "no program") is not installed")
        }
        self.path = path
        arguments = Array(words.dropFirst())
        // Shells look for programs there too.
        environment = ProcessEnvironment.entries(
            replacing: ["PATH": Executables.folders.joined(separator: ":")].merging(variables) { $1 })
        self.input = input
    }

    func run() throws(SystemError) -> Subprocess {
        try Subprocess.run(path, arguments, environment: environment, input: input)
    }
}
