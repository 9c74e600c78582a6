import Glibc

/// Where relative paths begin.
public enum WorkingDirectory {
    /// The path by which the user came here, as `PWD` tells, if it leads here; else the path without symbolic links.
    public static var path: String {
        if let path = ProcessEnvironment.value(of: "PWD"), path.hasPrefix("/"), isHere(path) { return path }
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private static func isHere(_ path: String) -> Bool {
        guard let here = try? FileStatus(path: "."), let there = try? FileStatus(path: path) else { return false }
        return here.isSameFile(as: there)
    }
}
