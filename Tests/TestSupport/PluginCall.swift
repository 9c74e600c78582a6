package import JSON
package import LinuxSystem

/// One run of a plugin's executable, as a runtime would have it.
package struct PluginCall: Sendable {
    package var plugin: String
    package var configuration: JSONValue
    package var containerID = "cid1"
    package var interfaceName = "eth0"
    /// `CNI_NETNS`; nil leaves it out.
    package var namespacePath: String?
    package var arguments: String?
    /// `CNI_PATH`, and where the plugin itself is.
    package var directory = Executables.own
    /// `DBUS_SYSTEM_BUS_ADDRESS`; by default one that leads nowhere, and never to this machine's services.
    package var systemBus = "unix:path=/dev/null/bus"
    /// A program with arguments that runs the plugin, such as strace; none by default.
    package var launcher: [String] = []
    /// Searched before `directory`.
    package var moreDirectories: [String] = []

    package init(_ plugin: String, _ configuration: JSONValue, in container: TestContainer? = nil) {
        self.plugin = plugin
        self.configuration = configuration
        namespacePath = container?.path
    }

    /// What a runtime sets for a verb; nil for what it leaves out.
    package func variables(_ command: String) -> [String: String?] {
        [
            "CNI_COMMAND": command, "CNI_CONTAINERID": containerID, "CNI_IFNAME": interfaceName,
            "CNI_NETNS": namespacePath, "CNI_ARGS": arguments,
            "CNI_PATH": (moreDirectories + [directory]).joined(separator: ":"),
            "DBUS_SYSTEM_BUS_ADDRESS": systemBus,
        ]
    }

    /// Runs a verb on a host.
    package func run(_ command: String, on host: borrowing some TestMachine & ~Copyable) throws -> PluginOutcome {
        try host.outcome(
            of: launcher + ["\(directory)/\(plugin)"], variables(command), input: configuration.serialized())
    }

    /// The same with a result of an earlier ADD as `prevResult`.
    package func after(_ outcome: PluginOutcome) -> PluginCall {
        guard case .object(var object) = configuration else { return self }
        object["prevResult"] = outcome.json
        var call = self
        call.configuration = .object(object)
        return call
    }
}

/// How a plugin, or another program, ended and what it said.
package struct PluginOutcome: Sendable {
    package let ending: Subprocess.Ending
    package let output: String
    package let errorOutput: String
    private let bytes: [UInt8]

    /// What it printed; null when that is no JSON.
    package var json: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }

    package init(ending: Subprocess.Ending, output: [UInt8], errorOutput: [UInt8]) {
        self.ending = ending
        bytes = output
        self.output = String(decoding: output, as: UTF8.self)
        self.errorOutput = String(decoding: errorOutput, as: UTF8.self)
    }

    package init(_ child: Subprocess) {
        self.init(ending: child.ending, output: child.output, errorOutput: child.errorOutput)
    }

    package var succeeded: Bool { ending == .exited(0) }

    /// The code of the error that it printed.
    package var errorCode: Int? { json.object?["code"]?.number?.integer() }

    /// The message of the error that it printed.
    package var errorMessage: String? { json.object?["msg"]?.string }

    /// The addresses of a result of 0.3.0 or later, with their prefix lengths.
    package var addresses: [String] {
        json.object?["ips"]?.array?.compactMap { $0.object?["address"]?.string } ?? []
    }
}
