import JSON
import LinuxSystem

/// A plugin's executable, found and run: CNI specification, section 2, "Parameters".
package struct PluginExecutable: Sendable {
    /// `type` in a configuration.
    package let type: String
    package let path: String

    /// Looks for a plugin in directories, in their order.
    ///
    /// - Throws: code 7 for a name that is none, and when no directory has a file of that name.
    package init(type: String, in directories: [String]) throws(CNIError) {
        guard !type.isEmpty else { throw CNIError(.invalidConfiguration, "no plugin name provided") }
        // A null character would end the path before its time.
        guard !type.contains("/"), !type.utf8.contains(0) else {
            throw CNIError(.invalidConfiguration, "invalid plugin name: \(type)")
        }
        guard !directories.isEmpty else { throw CNIError(.invalidEnvironment, "no paths provided") }
        guard let path = directories.map({ "\($0)/\(type)" }).first(where: File.isRegular) else {
            throw CNIError(
                .invalidConfiguration,
                "failed to find plugin \"\(type)\" in path [\(directories.joined(separator: " "))]",
                details: "install it in one of these, or name its directory in CNI_PATH")
        }
        self.type = type
        self.path = path
    }

    /// Whether it is the program that this process runs.
    var isThisProcess: Bool {
        guard let own = try? FileStatus(path: "/proc/self/exe"), let file = try? FileStatus(path: path) else {
            return false
        }
        return file.isSameFile(as: own)
    }

    /// Splits `CNI_PATH`.
    package static func directories(in searchPath: String) -> [String] {
        searchPath.split(separator: ":").map(String.init)
    }

    /// Runs the plugin to its end; what it writes to standard error is passed on.
    ///
    /// - Parameters:
    ///   - input: the configuration.
    ///   - environment: all variables, as `NAME=value`.
    ///   - passesSignalsOn: whether a signal that asks this process to end is passed on.
    /// - Returns: what it printed.
    /// - Throws: the error that it printed, unchanged; code 0 when it failed without saying so.
    package func run(
        input: [UInt8], environment: [String], passesSignalsOn: Bool = false
    ) throws(CNIError) -> [UInt8] {
        var process = try start(environment: environment)
        try process.send(input)
        try process.readOutput(passesSignalsOn: passesSignalsOn)
        return try process.wait(passesSignalsOn: passesSignalsOn)
    }

    /// Starts the plugin, which then waits for its configuration.
    ///
    /// - Parameters:
    ///   - environment: all variables, as `NAME=value`.
    ///   - endsWithCaller: whether it is killed when this process ends before it.
    /// - Returns: the running plugin.
    /// - Throws: when it cannot be started.
    func start(environment: [String], endsWithCaller: Bool = false) throws(CNIError) -> PluginProcess {
        do throws(SystemError) {
            return PluginProcess(
                try RunningProcess(path, environment: environment, endsWithCaller: endsWithCaller))
        } catch {
            throw CNIError(.other, "\(error)")
        }
    }
}
