import Glibc
import LinuxSystem

/// Copies of a folder's plugins, in a folder of their own, made as an installer makes them.
///
/// The page cache holds a file that was written from its beginning to its end in larger pieces than one that a linker filled
/// through a mapping, so a program starts a tenth of a millisecond later from the folder it was built in.
struct InstalledPlugins: ~Copyable {
    /// Where the copies are.
    let folder: String

    /// Copies those plugins of a folder that are there.
    ///
    /// - Parameters:
    ///   - plugins: their names.
    ///   - source: the folder.
    ///   - name: tells the copies of several folders apart.
    /// - Throws: what keeps the folder from being made, or `cp` from being run.
    init(_ plugins: [String], from source: String, as name: String) throws {
        folder = try Self.copy(plugins.map { "\(source)/\($0)" }.filter(File.isRegular), name)
    }

    private static func copy(_ files: [String], _ name: String) throws -> String {
        let folder = "/tmp/cni-bench.\(getpid()).\(name)"
        try File.makeDirectory(folder, mode: 0o700)
        let copying = try Subprocess.run("/bin/cp", ["-t", folder] + files, environment: [])
        guard copying.ending == .exited(0) else { fail("cannot copy \(files) to \(folder)") }
        return folder
    }

    deinit {
        _ = try? Subprocess.run("/bin/rm", ["-rf", folder], environment: [])
    }
}
