import CLinux
import Glibc

/// A signal that interrupts blocking system calls of the calling thread: they fail with `EINTR`.
enum IntervalAlarm {
    /// Runs a body with the alarm set: after a time, and then every tenth of it.
    ///
    /// Again, because the first signal may come just before the call that it is to interrupt.
    ///
    /// - Throws: the error of timer_create(2), then the body has not run; else what the body throws.
    static func ring(
        after milliseconds: Int, during body: () throws(SystemError) -> Void
    ) throws(SystemError) {
        // Without SA_RESTART, which would let the interrupted call begin again. It stays: another thread may be waiting
        // likewise, and nobody else of this process asks for the signal.
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in }
        _ = try retrying("handle signal") { unsafe sigaction(SIGALRM, &action, nil) }

        // Whoever started this process may have blocked it.
        var signals = sigset_t()
        var formerMask = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGALRM)
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, &formerMask)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &formerMask, nil) }

        var event = unsafe sigevent()
        unsafe event.sigev_signo = SIGALRM
        unsafe event.sigev_notify = CInt(SIGEV_THREAD_ID)
        unsafe event._sigev_un._tid = gettid()
        // Not a pointer, whatever its type says: the first timer is number 0.
        var timer: timer_t?
        _ = try retrying("create timer") { unsafe timer_create(CLOCK_MONOTONIC, &event, &timer) }
        defer { unsafe timer_delete(timer) }
        var schedule = itimerspec(it_interval: span(max(1, milliseconds / 10)), it_value: span(max(1, milliseconds)))
        _ = try retrying("start timer") { unsafe timer_settime(timer, 0, &schedule, nil) }

        try body()
    }

    private static func span(_ milliseconds: Int) -> timespec {
        timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    }
}
