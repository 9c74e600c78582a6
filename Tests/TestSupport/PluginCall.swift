public import JSON
public import LinuxSystem

/// One run of a plugin's executable, as a runtime would have it.
public struct PluginCall: Sendable {
    public var plugin: String
    public var configuration: JSONValue
    public var containerID = "cid1"
    public var interfaceName = "eth0"
    /// `CNI_NETNS`; nil leaves it out.
    public var namespacePath: String?
    public var arguments: String?
    /// `CNI_PATH`, and where the plugin itself is.
    public var directory = Executables.own
    /// A program with arguments that runs the plugin, such as strace; none by default.
    public var launcher: [String] = []
    /// Searched before `directory`.
    public var moreDirectories: [String] = []

    public init(_ plugin: String, _ configuration: JSONValue, in container: TestContainer? = nil) {
        self.plugin = plugin
        self.configuration = configuration
        namespacePath = container?.path
    }

    /// What a runtime sets for a verb; nil for what it leaves out.
    public func variables(_ command: String) -> [String: String?] {
        [
            "CNI_COMMAND": command, "CNI_CONTAINERID": containerID, "CNI_IFNAME": interfaceName,
            "CNI_NETNS": namespacePath, "CNI_ARGS": arguments,
            "CNI_PATH": (moreDirectories + [directory]).joined(separator: ":"),
        ]
    }

    /// Runs a verb on a host.
    public func run(_ command: String, on host: borrowing some TestMachine & ~Copyable) throws -> PluginOutcome {
        try host.outcome(
            of: launcher + ["\(directory)/\(plugin)"], variables(command), input: configuration.serialized())
    }

    /// The same with a result of an earlier ADD as `prevResult`.
    public func after(_ outcome: PluginOutcome) -> PluginCall {
        guard case .object(var object) = configuration else { return self }
        object["prevResult"] = outcome.json
        var call = self
        call.configuration = .object(object)
        return call
    }
}

/// How a plugin, or another program, ended and what it said.
public struct PluginOutcome: Sendable {
    public let ending: Subprocess.Ending
    public let output: String
    public let errorOutput: String
    private let bytes: [UInt8]

    /// What it printed; null when that is no JSON.
    public var json: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }

    public init(ending: Subprocess.Ending, output: [UInt8], errorOutput: [UInt8]) {
        self.ending = ending
        bytes = output
        self.output = String(decoding: output, as: UTF8.self)
        self.errorOutput = String(decoding: errorOutput, as: UTF8.self)
    }

    public init(_ child: Subprocess) {
        self.init(ending: child.ending, output: child.output, errorOutput: child.errorOutput)
    }

    public var succeeded: Bool { ending == .exited(0) }

    /// The code of the error that it printed.
    public var errorCode: Int? { json.object?["code"]?.number?.integer() }

    /// The message of the error that it printed.
    public var errorMessage: String? { json.object?["msg"]?.string }

    /// The addresses of a result of 0.3.0 or later, with their prefix lengths.
    public var addresses: [String] {
        json.object?["ips"]?.array?.compactMap { $0.object?["address"]?.string } ?? []
    }
}
