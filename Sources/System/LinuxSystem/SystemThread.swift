import CLinux
import Glibc

/// A thread of its own for what waits in system calls, of which the daemon's data path is the one user.
package final class SystemThread: Sendable {
    private let thread: pthread_t

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts to run a body, which no signal interrupts.
    ///
    /// - Throws: `EAGAIN` when there may be no more threads.
    package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        thread = try Self.start(body)
    }

    /// Waits until the body has ended; for one caller, once.
    package func join() {
        pthread_join(thread, nil)
    }

    private static func start(_ body: @escaping @Sendable () -> Void) throws(SystemError) -> pthread_t {
        // A thread begins with the mask of its maker.
        var signals = sigset_t()
        var formerMask = sigset_t()
        unsafe sigfillset(&signals)
        unsafe pthread_sigmask(SIG_SETMASK, &signals, &formerMask)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &formerMask, nil) }
        let context = unsafe Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context { unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            unsafe context.release()
            throw SystemError("start thread", nil, Errno(rawValue: code))
        }
        return thread
    }
}
