import Glibc

/// A lock between processes, held as long as this value lives: flock(2) on a file.
///
/// The kernel drops it when the holder ends, however it ends.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    public enum Mode: Sendable {
        /// Any number of processes hold it at once, while nobody holds it exclusively.
        case shared
        case exclusive

        fileprivate var operation: Int32 { self == .shared ? LOCK_SH : LOCK_EX }
    }

    /// Waits for the lock on a file that is open for nothing else.
    ///
    /// - Parameters:
    ///   - file: what is locked.
    ///   - path: the name of the file in errors.
    ///   - mode: whether others may hold it too.
    ///   - timeout: milliseconds to wait at most.
    /// - Throws: the error of flock(2); `ETIMEDOUT` when the time is over, with the holder where the kernel names one; `EINTR`
    ///   when a signal that is held back comes first.
    public init(
        _ file: consuming FileDescriptor, path: String, mode: Mode = .exclusive, timeout: Int
    ) throws(SystemError) {
        try Self.lock(file, path: path, mode.operation, timeout: timeout)
        descriptor = file
    }

    private static func lock(
        _ file: borrowing FileDescriptor, path: String, _ operation: Int32, timeout: Int
    ) throws(SystemError) {
        let raw = file.rawValue
        if flock(raw, operation | LOCK_NB) == 0 { return }
        guard errno == EWOULDBLOCK || errno == EINTR else { throw .lastCall("lock", path) }

        // The kernel serves blocked callers in their order, which trying again and again would not.
        let deadline = MonotonicClock.milliseconds + timeout
        try IntervalAlarm.ring(after: timeout) { () throws(SystemError) in
            try Interruption.interruptCalls { () throws(SystemError) in
                while flock(raw, operation) != 0 {
                    guard errno == EINTR else { throw .lastCall("lock", path) }
                    try Interruption.check()
                    guard MonotonicClock.milliseconds < deadline else { throw try timedOut(file, path) }
                }
            }
        }
    }

    private static func timedOut(
        _ file: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) -> SystemError {
        let holder = LockHolder(of: try file.status())
        return SystemError(
            "lock", path, .timedOut, explanation: holder.map { "held by \($0)" } ?? "held by a process out of sight")
    }
}
