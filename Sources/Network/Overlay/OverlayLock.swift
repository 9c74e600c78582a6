import Glibc
package import LinuxSystem

/// The right to change the overlays of a host, of one process at a time as long as this value lives.
///
/// A process takes it before it reads what should be. Without it, one that read that before another process changed it
/// would undo what was made of the new, and one could delete the device that another has just made anew.
package struct OverlayLock: ~Copyable, Sendable {
    private let lock: FileLock

    /// Waits for the calling thread's network namespace.
    ///
    /// The lock is on the namespace itself, whose state it is about, and leaves no file.
    ///
    /// - Throws: `ETIMEDOUT` with the holder when another process takes too long.
    package init() throws(SystemError) {
        let path = "/proc/thread-self/ns/net"
        lock = try FileLock(FileDescriptor.open(path, O_RDONLY), path: path, timeout: Self.timeout)
    }

    /// Milliseconds; a reconciliation takes some ten, and seconds where many processes change interfaces at once.
    private static let timeout = 60_000
}
