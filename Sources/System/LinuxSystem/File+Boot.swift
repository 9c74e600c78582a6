import CLinux
import Glibc

extension File {
    /// Whether a file was last written before this machine was started.
    ///
    /// One in memory (tmpfs, ramfs) never was, whatever its time stamp says: a machine without a battery for its clock
    /// starts in the past, and sets its clock later.
    ///
    /// - Throws: the error of stat(2) or statfs(2).
    public static func isFromEarlierBoot(_ path: String) throws(SystemError) -> Bool {
        var system = statfs()
        _ = try retrying("inspect", path) { unsafe statfs(path, &system) }
        guard system.f_type != TMPFS_MAGIC, system.f_type != RAMFS_MAGIC else { return false }
        return try FileStatus(path: path).modificationTime.seconds < FileTime.boot.seconds
    }
}

extension FileTime {
    /// When this machine was started, to about a second.
    static var boot: FileTime {
        var uptime = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &uptime)
        return FileTime(seconds: now.seconds - uptime.tv_sec, nanoseconds: 0)
    }
}
