import JSON
import LinuxSystem

/// Another plugin that this one runs for a part of its work, such as IPAM: CNI specification, section 4.
///
/// It gets this process's environment and, to the byte, this process's configuration.
public struct Delegate: Sendable {
    private let executable: PluginExecutable
    private let configuration: NetworkConfiguration
    private let input: [UInt8]

    /// Finds the plugin on `CNI_PATH`.
    ///
    /// - Parameters:
    ///   - type: its name.
    ///   - configuration: what this plugin was given, whose version a result without one has.
    ///   - input: what it is given instead of that, where it is to see something else.
    /// - Throws: code 7 when there is no such plugin.
    public init(
        _ type: String, for configuration: NetworkConfiguration, input: [UInt8]? = nil
    ) throws(CNIError) {
        let directories = PluginExecutable.directories(in: ProcessEnvironment.value(of: "CNI_PATH") ?? "")
        executable = try PluginExecutable(type: type, in: directories)
        self.configuration = configuration
        self.input = input ?? configuration.bytes
    }

    /// Runs its ADD, and a body while it runs.
    ///
    /// - Throws: its error, unchanged; code 6 when its result cannot be read, after its DEL: what it made would have no
    ///   owner.
    public func add() throws(CNIError) -> CNIResult {
        var addition = try startAdd()
        try addition.finish()
        return addition.result
    }

    /// Runs its ADD until it has printed a result, and a body while it runs.
    ///
    /// - Returns: the result, which holds once the plugin has ended well.
    /// - Throws: as `add`.
    public func startAdd(meanwhile body: () -> Void = {}) throws(CNIError) -> DelegatedAddition {
        var process = try executable.start(input: input, environment: environment(.add))
        body()
        let output = try process.readOutput(passesSignalsOn: true)
        let printed: CNIResult
        do throws(CNIError) {
            printed = try result(of: output)
        } catch {
            try process.wait()
            try? delete()
            throw error
        }
        // A document without addresses may be an error, and there is nothing that could go on with it.
        guard !printed.addresses.isEmpty else {
            try process.wait()
            return DelegatedAddition(printed)
        }
        return DelegatedAddition(printed, process)
    }

    /// Runs its DEL, and a body while it runs.
    public func delete(meanwhile body: () -> Void = {}) throws(CNIError) {
        _ = try run(.delete, meanwhile: body)
    }

    /// Runs its CHECK.
    public func check() throws(CNIError) { _ = try run(.check) }

    /// Runs its STATUS.
    public func status() throws(CNIError) { _ = try run(.status) }

    /// Runs its GC.
    public func collectGarbage() throws(CNIError) { _ = try run(.collectGarbage) }

    private func run(_ verb: Verb, meanwhile body: () -> Void = {}) throws(CNIError) -> [UInt8] {
        // A DEL goes on to its end: it may be the undoing of an ADD that the very signal interrupted.
        try executable.run(
            input: input, environment: environment(verb), meanwhile: body)
    }

    private func environment(_ verb: Verb) -> [String] {
        ProcessEnvironment.entries(replacing: ["CNI_COMMAND": verb.rawValue])
    }

    private func result(of output: [UInt8]) throws(CNIError) -> CNIResult {
        do throws(JSONError) {
            let reader = JSONReader(try JSONValue(parsing: output))
            return try CNIResult(reading: reader, defaultVersion: configuration.version)
        } catch {
            throw CNIError(.decoding, "result of \(executable.type): \(error)")
        }
    }
}
