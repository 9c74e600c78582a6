import Foundation
import TestSupport

/// The folder of plugin executables that a runtime under test is given.
///
/// The suite's own plugins are under test; with `CNI_BIN` set to the reference's folder it is the reference, which tells a
/// fault of the test from one of the plugins.
enum PluginFolder {
    /// What is under test: never taken from the reference.
    private static let tested = ["bridge", "host-local", "loopback"]

    /// What the runtimes' networks chain behind it: the reference's, unless the suite has it.
    private static let companions = ["portmap"]

    private static let executables = URL(fileURLWithPath: Executables.own)
    private static let reference = URL(fileURLWithPath: Executables.reference)

    static var isReference: Bool { executables.path == reference.path }

    /// Whether the suites can run: a plugin under test that is missing is no reason to skip them.
    static var isAvailable: Bool {
        companions.allSatisfy { source(of: $0) != nil }
    }

    /// Links the plugins into `folder`.
    static func fill(_ folder: URL) throws {
        for name in tested + companions {
            guard let source = source(of: name) else {
                throw CommandFailure(description: "no plugin \(name) in \(executables.path)")
            }
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: name), withDestinationURL: source)
        }
    }

    private static func source(of name: String) -> URL? {
        var folders = [executables]
        if companions.contains(name) {
            folders.append(reference)
        }
        return folders.map { $0.appending(path: name) }.first {
            FileManager.default.isExecutableFile(atPath: $0.path)
        }
    }
}
