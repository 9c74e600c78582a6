import JSON
import LinuxSystem

/// Another plugin that this one runs for a part of its work, such as IPAM: CNI specification, section 4.
///
/// It gets this process's environment and, to the byte, this process's configuration.
package struct Delegate: Sendable {
    private let executable: PluginExecutable
    private let configuration: NetworkConfiguration
    private let input: [UInt8]

    /// Finds the plugin on `CNI_PATH`.
    ///
    /// - Parameters:
    ///   - type: its name.
    ///   - configuration: what this plugin was given, whose version a result without one has.
    ///   - input: what it is given instead of that, where it is to see something else.
    /// - Throws: code 7 when there is no such plugin, or it is this one.
    package init(
        _ type: String, for configuration: NetworkConfiguration, input: [UInt8]? = nil
    ) throws(CNIError) {
        executable = try PluginExecutable(type: type, in: configuration.pluginDirectories)
        // It would ask itself, and so on without end.
        let ownType: String? = try? configuration.reader.optional("type")
        guard type != ownType, !executable.isThisProcess else {
            throw CNIError(.invalidConfiguration, "plugin \"\(type)\" cannot leave its work to itself")
        }
        self.configuration = configuration
        self.input = input ?? configuration.bytes
    }

    /// Runs its ADD.
    ///
    /// - Throws: its error, unchanged; code 6 when its result cannot be read, after its DEL: what it made would have no
    ///   owner.
    package func add() throws(CNIError) -> CNIResult {
        let addition = try start(.add)
        do throws(CNIError) {
            try addition.proceed()
            let result = try addition.result()
            try addition.finish()
            return result
        } catch {
            if addition.hasSucceeded { try? delete() }
            throw error
        }
    }

    /// Runs its DEL, which goes on to its end: it may be the undoing of an ADD that a signal interrupted.
    package func delete() throws(CNIError) { _ = try run(.delete) }

    /// Runs its CHECK.
    package func check() throws(CNIError) { _ = try run(.check) }

    /// Runs its STATUS.
    package func status() throws(CNIError) { _ = try run(.status) }

    /// Runs its GC.
    package func collectGarbage() throws(CNIError) { _ = try run(.collectGarbage) }

    /// Starts it, so that it is ready for a verb while its caller does something else.
    ///
    /// - Throws: when it cannot be started.
    package func start(_ verb: Verb) throws(CNIError) -> RunningDelegate {
        // An ADD that nobody will undo is better not finished.
        let process = try executable.start(environment: environment(verb), endsWithCaller: verb == .add)
        return RunningDelegate(self, process, verb, input: input)
    }

    private func run(_ verb: Verb) throws(CNIError) -> [UInt8] {
        try executable.run(input: input, environment: environment(verb))
    }

    private func environment(_ verb: Verb) -> [String] {
        ProcessEnvironment.entries(replacing: ["CNI_COMMAND": verb.rawValue])
    }

    /// Reads what its ADD printed.
    ///
    /// - Throws: code 6 when that is no result.
    func result(of output: [UInt8]) throws(CNIError) -> CNIResult {
        do throws(JSONError) {
            let reader = JSONReader(try JSONValue(parsing: output))
            return try CNIResult(reading: reader, defaultVersion: configuration.version)
        } catch {
            throw CNIError(.decoding, "result of \(executable.type): \(error)")
        }
    }
}
