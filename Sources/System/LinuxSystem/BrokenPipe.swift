import Glibc

/// SIGPIPE, which ends a process that writes to a pipe nobody reads, unless it is ignored or held back.
enum BrokenPipe {
    /// Runs a body that writes, whose writing fails with `EPIPE` then and ends nothing.
    ///
    /// - Throws: what the body throws.
    static func heldBack<Value>(during body: () throws(SystemError) -> Value) throws(SystemError) -> Value {
        var signals = sigset_t()
        var former = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, &former)
        defer {
            // One that came has to go before it could be delivered.
            var immediately = timespec()
            if unsafe sigismember(&former, SIGPIPE) == 0 { unsafe sigtimedwait(&signals, nil, &immediately) }
            unsafe pthread_sigmask(SIG_SETMASK, &former, nil)
        }
        return try body()
    }
}
