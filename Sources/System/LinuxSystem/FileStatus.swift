import CLinux
import Glibc

/// What the kernel knows about a file without reading it: stat(2).
public struct FileStatus: Sendable {
    private let status: stat

    init(_ status: stat) {
        self.status = status
    }

    /// The status of what a path leads to, symbolic links followed.
    ///
    /// - Throws: the error of stat(2).
    public init(path: String) throws(SystemError) {
        var status = stat()
        _ = try retrying("inspect", path) { unsafe stat(path, &status) }
        self.status = status
    }

    public var isRegular: Bool { status.st_mode & S_IFMT == S_IFREG }
    public var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
    /// Bytes.
    public var size: Int { Int(status.st_size) }
    public var inode: UInt64 { UInt64(status.st_ino) }
    public var modificationTime: FileTime { FileTime(status.st_mtim) }

    /// Whether both are of one file, by whatever names.
    public func isSameFile(as other: FileStatus) -> Bool {
        status.st_ino == other.status.st_ino && status.st_dev == other.status.st_dev
    }

    /// The number of the device as `/proc/locks` spells it: `fe:01`.
    var deviceText: String {
        let device = UInt64(status.st_dev)
        // The layout of the C library's gnu_dev_major and gnu_dev_minor.
        let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
        let minor = device & 0xff | device >> 12 & ~0xff
        return [major, minor].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}

/// A file's time stamp.
public struct FileTime: Hashable, Sendable {
    /// Since 1970.
    public let seconds: Int
    public let nanoseconds: Int

    public init(seconds: Int, nanoseconds: Int) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    init(_ time: timespec) {
        self.init(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// The time of day.
    public static var now: FileTime {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return FileTime(now)
    }
}

extension FileDescriptor {
    /// The status of the open file.
    public borrowing func status() throws(SystemError) -> FileStatus {
        var status = stat()
        let descriptor = rawValue
        _ = try retrying("inspect") { unsafe fstat(descriptor, &status) }
        return FileStatus(status)
    }

    /// Sets the time stamp of the open file.
    ///
    /// - Throws: the error of futimens(3), `EPERM` for somebody else's file.
    public borrowing func setModificationTime(_ time: FileTime) throws(SystemError) {
        let descriptor = rawValue
        let stamp = timespec(tv_sec: time.seconds, tv_nsec: time.nanoseconds)
        _ = try retrying("set time of") { unsafe futimens(descriptor, [stamp, stamp]) }
    }

    /// Whether the open file is the kernel's own: proc(5), where nothing is mounted over it.
    public borrowing func isOnProc() throws(SystemError) -> Bool {
        var system = statfs()
        let descriptor = rawValue
        _ = try retrying("inspect") { unsafe fstatfs(descriptor, &system) }
        return system.f_type == PROC_SUPER_MAGIC
    }
}
