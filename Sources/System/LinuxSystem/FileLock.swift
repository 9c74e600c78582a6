import Glibc

/// An exclusive lock between processes, held as long as this value lives: flock(2) on a file.
///
/// The kernel drops it when the holder ends, however it ends.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Waits for the lock, creating its file when there is none.
    ///
    /// - Throws: the error of open(2) or flock(2), with the path as its subject.
    public init(path: String, mode: UInt32 = 0o600) throws(SystemError) {
        descriptor = try Self.locked(path, mode: mode)
    }

    private static func locked(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        let descriptor = try FileDescriptor.open(path, O_RDONLY | O_CREAT, mode: mode)
        let raw = descriptor.rawValue
        _ = try retrying("lock", path) { flock(raw, LOCK_EX) }
        return descriptor
    }
}
