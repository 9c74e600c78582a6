import Foundation
import TestSupport

/// The folder of plugin executables that a runtime under test is given.
///
/// The suite's own plugins are under test; with `CNI_BIN` set to the reference's folder it is the reference, which tells a
/// fault of the test from one of the plugins.
enum PluginFolder {
    /// What is under test: never taken from the reference.
    private static let tested = ["bridge", "firewall", "host-local", "loopback", "portmap", "tuning"]

    private static let executables = URL(fileURLWithPath: Executables.own)

    static var isReference: Bool { executables.path == URL(fileURLWithPath: Executables.reference).path }

    /// Links the plugins into `folder`.
    static func fill(_ folder: URL) throws {
        for name in tested {
            let source = executables.appending(path: name)
            guard FileManager.default.isExecutableFile(atPath: source.path) else {
                throw CommandFailure(description: "no plugin \(name) in \(executables.path)")
            }
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: name), withDestinationURL: source)
        }
    }
}
