import Foundation

/// The files of this repository: what its users meet, and what is checked of its sources.
package enum Repository {
    /// The folder of Package.swift, wherever below it this file is.
    package static let root: String = {
        var folder = URL(filePath: #filePath)
        func hasManifest() -> Bool {
            FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path)
        }
        repeat { folder.deleteLastPathComponent() } while !hasManifest() && folder.path != "/"
        return folder.path
    }()

    package static func path(_ name: String) -> String { "\(root)/\(name)" }

    package static func text(_ name: String) throws -> String {
        try String(contentsOfFile: path(name), encoding: .utf8)
    }

    /// The names of the files in a folder, sorted.
    package static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []).sorted()
    }
}
