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

    /// Lets a signal that is held back interrupt blocking system calls of a body, which then fail with `EINTR`.
    ///
    /// The signal stays pending. A caller that holds none back is left as it is.
    ///
    /// - Throws: `EINTR` when one is there already, then the body has not run; else what the body throws.
    static func interruptCalls(
        during body: () throws(SystemError) -> Void
    ) throws(SystemError) {
        var formerMask = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &formerMask)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] where unsafe sigismember(&formerMask, signal) == 1 {
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_sigaction = { signal, _, context in
                unsafe Interruption.keepPending(signal, context)
            }
            action.sa_flags = SA_SIGINFO
            _ = try retrying("handle signal") { unsafe sigaction(signal, &action, nil) }
            unsafe sigaddset(&signals, signal)
        }
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        defer {
            unsafe pthread_sigmask(SIG_SETMASK, &formerMask, nil)
            ring(every: 0)
        }
        try check()
        try body()
    }

    /// Handles a signal so that it is held back again and pending as before, once the call that it interrupted has failed.
    ///
    /// It may have come just before that call, so the alarm rings from now on.
    private static func keepPending(_ signal: CInt, _ context: UnsafeMutableRawPointer?) {
        guard let context = unsafe context?.assumingMemoryBound(to: ucontext_t.self) else { return }
        unsafe sigaddset(&context.pointee.uc_sigmask, signal)
        raise(signal)
        ring(every: 10_000)
    }

    /// Has SIGALRM come again and again; 0 ends it.
    private static func ring(every microseconds: Int) {
        let span = timeval(tv_sec: 0, tv_usec: microseconds)
        var schedule = itimerval(it_interval: span, it_value: span)
        unsafe setitimer(CInt(bitPattern: ITIMER_REAL.rawValue), &schedule, nil)
    }

    /// A descriptor that is readable while one of them is held back and waiting.
    public static func descriptor() throws(SystemError) -> FileDescriptor {
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
