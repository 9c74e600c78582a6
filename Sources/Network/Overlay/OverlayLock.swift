package import LinuxSystem

/// The right to change the overlays of a host, of one process at a time as long as this value lives.
///
/// A process takes it before it reads what should be. Without it, one that read that before another process changed it
/// would undo what was made of the new, and one could delete the device that another has just made anew.
package struct OverlayLock: ~Copyable, Sendable {
    private let lock: FileLock

    /// Waits for the calling thread's network namespace.
    ///
    /// - Throws: `ETIMEDOUT` with the holder when another process takes too long; `EACCES` without privileges.
    package init() throws(SystemError) {
        lock = try FileLock.ofNetworkNamespace(.overlays, timeout: Self.timeout)
    }

    /// Milliseconds; a reconciliation takes some ten, and seconds where many processes change interfaces at once.
    private static let timeout = 60_000
}
