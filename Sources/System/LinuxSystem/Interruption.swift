import CLinux
import Glibc

/// SIGTERM and SIGINT, held back so that they arrive between two steps and not inside one.
public enum Interruption {
    /// Holds both signals back for the rest of the calling thread's life.
    public static func holdBack() {
        var signals = Self.signals
        unsafe sigprocmask(SIG_BLOCK, &signals, nil)
    }

    /// Looks whether one of them has come since.
    ///
    /// - Throws: `EINTR` when one has; the undoing then runs undisturbed.
    public static func check() throws(SystemError) {
        var pending = sigset_t()
        unsafe sigpending(&pending)
        for (signal, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")]
        where unsafe sigismember(&pending, signal) == 1 {
            throw SystemError("go on", nil, .interrupted, explanation: "\(name) received, everything done is undone")
        }
    }

    /// A descriptor that is readable while one of them is held back and waiting.
    static func descriptor() throws(SystemError) -> FileDescriptor {
        var signals = Self.signals
        return try FileDescriptor(
            owning: retrying("watch signals") { unsafe signalfd(-1, &signals, CInt(SFD_CLOEXEC)) })
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        return signals
    }
}
