import Attachments
import CNI
import LinuxSystem

/// Running one plugin.
extension Runtime {
    func executable(of plugin: PluginConfiguration) throws(CNIError) -> PluginExecutable {
        try PluginExecutable(type: plugin.type, in: pluginDirectories)
    }

    /// Runs a plugin of a chain for a verb, about an attachment or (without a request) about the network.
    func run(
        _ plugin: PluginConfiguration, _ verb: Verb, _ request: AttachmentRequest? = nil, input: [UInt8]
    ) throws(CNIError) -> [UInt8] {
        let arguments = request?.arguments ?? []
        let variables = [
            "CNI_COMMAND": verb.rawValue,
            "CNI_CONTAINERID": request?.attachment.containerID ?? "",
            "CNI_NETNS": request?.namespacePath ?? "",
            "CNI_IFNAME": request?.attachment.interfaceName ?? "",
            "CNI_ARGS": arguments.map { "\($0.key)=\($0.value)" }.joined(separator: ";"),
            "CNI_PATH": pluginDirectories.joined(separator: ":"),
        ]
        return try run(executable(of: plugin), variables, input: input, passesSignalsOn: verb.mayBeInterrupted)
    }

    /// Runs a plugin with this process's environment, where these variables stand in for inherited ones.
    func run(
        _ executable: PluginExecutable, _ variables: [String: String], input: [UInt8], passesSignalsOn: Bool
    ) throws(CNIError) -> [UInt8] {
        try executable.run(
            input: input, environment: ProcessEnvironment.entries(replacing: variables.mapValues { $0 }),
            passesSignalsOn: passesSignalsOn)
    }

    /// Runs a body whose errors then tell the plugin.
    func naming<Value>(
        _ plugin: PluginConfiguration, _ verb: String, _ body: () throws(CNIError) -> Value
    ) throws(CNIError) -> Value {
        let name = plugin.name.map { " name=\"\($0)\"" } ?? ""
        return try prefixing("plugin type=\"\(plugin.type)\"\(name) failed (\(verb))", body)
    }

    /// Runs a body whose errors then begin with some words.
    func prefixing<Value>(_ words: String, _ body: () throws(CNIError) -> Value) throws(CNIError) -> Value {
        do throws(CNIError) {
            return try body()
        } catch {
            throw CNIError(error.code, "\(words): \(error.message)", details: error.details)
        }
    }
}

extension Verb {
    /// Whether a plugin is told that this process is asked to end; what removes things goes on to its end.
    fileprivate var mayBeInterrupted: Bool {
        switch self {
        case .add, .check, .status: true
        case .delete, .collectGarbage: false
        }
    }
}
