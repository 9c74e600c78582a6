import Glibc
import JSON
import LinuxSystem

/// The way from a process's start to its end: reads, dispatches, prints; nothing escapes it.
package enum PluginMain {
    /// Runs a plugin on this process's environment and standard input.
    package static func run<Plugin: CNIPlugin>(_ plugin: Plugin) -> Never {
        Interruption.holdBack()
        StandardStreams.surviveClosedPipes()
        var version = CNIVersion.latest.rawValue
        do {
            switch ProcessEnvironment.value(of: "CNI_COMMAND") {
            case nil, "":
                StandardStreams.log(
                    """
                    CNI \(Plugin.name) plugin \(PackageVersion.current)
                    CNI protocol versions supported: \(Plugin.supportedVersions.map(\.rawValue).joined(separator: ", "))
                    """)
            case "VERSION":
                let line =
                    JSONValue.object(versionDocument(Plugin.supportedVersions)).serialized() + [UInt8(ascii: "\n")]
                try StandardStreams.writeOutput(line)
            case .some:
                try serve(plugin, version: &version)
            }
            StandardStreams.closeOutput()
            exit(0)
        } catch {
            let document = CNIError(describing: error).encoded(version: version).serialized(pretty: true)
            do {
                try StandardStreams.writeOutput(document)
            } catch {
                StandardStreams.log("\(error)")
            }
            exit(1)
        }
    }

    private static func versionDocument(_ versions: [CNIVersion]) -> JSONObject {
        [
            "cniVersion": .string(CNIVersion.latest.rawValue),
            "supportedVersions": .array(versions.map { .string($0.rawValue) }),
        ]
    }

    /// Serves a verb that comes with a configuration, whose version is told as soon as it is known.
    private static func serve<Plugin: CNIPlugin>(_ plugin: Plugin, version: inout String) throws {
        let environment = PluginEnvironment()
        let verb = Verb(rawValue: environment.command)
        if let verb { try environment.check(for: verb) }
        let document = try ConfigurationDocument.fromStandardInput()
        if !document.version.isEmpty { version = document.version }
        guard let verb else {
            throw CNIError(.invalidEnvironment, "unknown CNI_COMMAND: \(environment.command)")
        }
        let configuration = try document.configuration(
            for: verb, supported: Plugin.supportedVersions, pluginDirectories: environment.pluginDirectories)
        version = configuration.version.rawValue

        switch verb {
        case .status:
            do {
                try plugin.status(configuration)
            } catch {
                throw CNIError(describing: error).asStatus
            }
        case .collectGarbage:
            // Without a list, nothing is known to be stale.
            if let valid = try configuration.validAttachments() {
                try plugin.collectGarbage(configuration, keeping: valid)
            }
        case .check:
            try plugin.check(invocation(environment, configuration))
        case .delete:
            try OwnNamespace.refuse(environment.namespacePath)
            try plugin.delete(invocation(environment, configuration))
        case .add:
            try OwnNamespace.refuse(environment.namespacePath)
            let invocation = invocation(environment, configuration)
            let result = try plugin.add(invocation)
            do {
                try StandardStreams.writeOutput(
                    result.encoded(as: configuration.version).serialized(pretty: true))
            } catch {
                // A runtime that never saw the result will not know what to delete.
                try? plugin.delete(invocation)
                throw error
            }
        }
    }

    private static func invocation(
        _ environment: PluginEnvironment, _ configuration: NetworkConfiguration
    ) -> Invocation {
        Invocation(
            containerID: environment.containerID, interfaceName: environment.interfaceName,
            namespacePath: environment.namespacePath.isEmpty ? nil : environment.namespacePath,
            arguments: CNIArguments(environment.arguments), configuration: configuration)
    }
}

extension CNIError {
    /// What STATUS answers: whatever else keeps a plugin from serving, it is not available.
    fileprivate var asStatus: CNIError {
        switch code {
        case .notAvailable, .limitedConnectivity: self
        default: CNIError(.notAvailable, message, details: details)
        }
    }

    /// Whatever was thrown, as a runtime is told it; an error that is one already passes through unchanged.
    package init(describing error: any Error) {
        switch error {
        case let error as CNIError: self = error
        case let error as JSONError: self.init(.invalidConfiguration, "\(error)")
        case let error as SystemError where error.code == .interrupted: self.init(.tryAgainLater, "\(error)")
        default: self.init(.other, "\(error)")
        }
    }
}
