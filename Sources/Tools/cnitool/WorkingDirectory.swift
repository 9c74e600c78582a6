import Glibc
import LinuxSystem

/// Where relative paths begin.
enum WorkingDirectory {
    /// The path by which the user came here, as `PWD` tells, if it leads here; else the path without symbolic links.
    static var path: String {
        if let path = ProcessEnvironment.value(of: "PWD"), path.hasPrefix("/"), isHere(path) { return path }
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private static func isHere(_ path: String) -> Bool {
        var here = stat()
        var there = stat()
        guard unsafe stat(".", &here) == 0, unsafe stat(path, &there) == 0 else { return false }
        return here.st_ino == there.st_ino && here.st_dev == there.st_dev
    }
}
