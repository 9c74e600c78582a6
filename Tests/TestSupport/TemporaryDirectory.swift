import Foundation

/// A folder of a test's own, gone with its owner.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        let base = NSTemporaryDirectory() as NSString
        path = base.appendingPathComponent("swift-cni-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, with its folders, and returns its path.
    @discardableResult
    package func write(_ name: String, _ contents: String, mode: Int = 0o644) throws -> String {
        let file = try pathWithFolders(name)
        try contents.write(toFile: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }

    /// Writes a file that is to be run.
    ///
    /// A child makes the final copy: a process that another test starts meanwhile would inherit a descriptor of this
    /// one's that is open for writing, and running the file would fail with "text file busy".
    package func writeExecutable(_ name: String, _ contents: String) throws {
        let draft = try write("\(name).draft", contents, mode: 0o755)
        try ThisMachine().run("cp", "-p", draft, "\(path)/\(name)")
    }

    /// Makes a named pipe, with its folders: whoever opens it to read waits, as nobody writes.
    package func makePipe(_ name: String) throws {
        let path = try write(name, "")
        try FileManager.default.removeItem(atPath: path)
        guard mkfifo(path, 0o600) == 0 else { throw CommandFailure(description: "mkfifo \(path): error \(errno)") }
    }

    /// Makes a symbolic link, with its folders.
    package func link(_ name: String, to destination: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: pathWithFolders(name), withDestinationPath: destination)
    }

    private func pathWithFolders(_ name: String) throws -> String {
        let file = "\(path)/\(name)"
        let folder = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return file
    }

    /// The contents of a file, nil when there is none.
    package func contents(_ name: String) -> String? {
        try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }

    /// The names in a folder below, sorted; none when there is no folder.
    package func names(in folder: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }
}
