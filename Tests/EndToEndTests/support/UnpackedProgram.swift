import Foundation
import LinuxSystem
import TestSupport

/// A program of a Debian package that `Tests/unpack` has put below `.build/unpacked`, running in a test host until its owner
/// lets go of it.
final class UnpackedProgram: Sendable {
    private let process: ChildProcess

    /// Whether there are files of a name.
    static func isAvailable(_ name: String) -> Bool {
        File.isRegular("\(folder(name))/usr/sbin/\(name)")
    }

    private static func folder(_ name: String) -> String { Repository.path(".build/unpacked/\(name)") }

    /// Starts a program of `usr/sbin`, which has its host's folder as `/run`.
    ///
    /// It ends after ten minutes at the latest, should nobody end it.
    init(_ name: String, _ arguments: [String], on host: TestHost) throws {
        let folder = Self.folder(name)
        let words = ["600", "nsenter", "--net=\(host.namespace.path)"] + host.launcher + ["\(folder)/usr/sbin/\(name)"]
        process = try ChildProcess(
            URL(filePath: Executables.find("timeout") ?? "/usr/bin/timeout"), words + arguments,
            environment: [
                "PATH": Executables.folders.joined(separator: ":"),
                "LD_LIBRARY_PATH": "\(folder)/usr/lib/x86_64-linux-gnu",
            ],
            error: .file(URL(filePath: "\(host.directory.path)/\(name).log")))
    }

    deinit {
        // timeout(1) passes it on.
        kill(process.identifier, SIGTERM)
        _ = process.wait()
    }
}
