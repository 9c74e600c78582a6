import CNI
import CNIRuntime
import LinuxSystem

enum Version: Subcommand {
    static let name = "version"
    static let parameters = "[NET]"
    static let purpose = "print the tool's version, and which CNI versions the network's plugins speak"

    static func run(_ arguments: inout Arguments) throws {
        let network = try arguments.optionalOperand()
        try arguments.end()
        let own = CNIVersion.allCases.map(\.rawValue).joined(separator: " ")
        try print("cnitool \(PackageVersion.current) speaks \(own)")
        guard let network else { return }

        let settings = try Settings()
        let list = try settings.list(named: network)
        var failures: [String] = []
        for plugin in list.plugins {
            do throws(CNIError) {
                let versions = try settings.runtime.supportedVersions(of: plugin)
                try? print("\(plugin.type) speaks \(versions.joined(separator: " "))")
            } catch {
                failures.append("\(plugin.type): \(error)")
            }
        }
        guard failures.isEmpty else { throw Failure(lines: failures) }
        try settings.runtime.validate(list)
    }

    private static func print(_ line: String) throws(SystemError) {
        try StandardStreams.writeOutput(Array("\(line)\n".utf8))
    }
}
