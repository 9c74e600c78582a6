import CLinux
import Glibc

/// A program that was started, which gets its input when its caller is ready, and whose output can be had before it has
/// ended.
///
/// Whoever does not wait for it waits when this value goes.
public struct RunningProcess: ~Copyable {
    private let child: pid_t
    private let standardInput: ChildInput
    private let standardOutput: FileDescriptor
    private let standardError: FileDescriptor
    /// Nil where the program may outlive this process.
    private let lifeline: Lifeline?
    private var output: [UInt8] = []
    private var isReaped = false
    /// When it is killed; nil while it is not asked to end.
    private var endDeadline: Int?

    /// Starts an executable, which then waits for its input.
    ///
    /// - Parameters:
    ///   - path: the executable; no search path is used.
    ///   - arguments: those behind the program's name.
    ///   - environment: all variables, as `NAME=value`.
    ///   - endsWithCaller: whether the kernel kills it when this process ends before it, even if that is killed.
    /// - Throws: the error of posix_spawn(3) with the path as its subject; nothing has run then.
    public init(
        _ path: String, _ arguments: [String] = [], environment: [String], endsWithCaller: Bool = false
    ) throws(SystemError) {
        // A memory file for errors: the program never waits until somebody reads them.
        let standardError = try FileDescriptor.inMemory("stderr")
        let input = try FileDescriptor.pipe()
        let output = try FileDescriptor.pipe()
        let lifeline = endsWithCaller ? try Lifeline() : nil
        let streams = [input.reading.rawValue, output.writing.rawValue, standardError.rawValue]
        child = try Self.spawn(path, arguments, environment, streams + (lifeline.map { [$0.childEnd] } ?? []))
        lifeline?.hold(child)
        self.lifeline = lifeline
        standardInput = ChildInput(input.writing)
        standardOutput = output.reading
        self.standardError = standardError
    }

    deinit {
        guard !isReaped else { return }
        // A program that was never given any input ends at the end of it.
        standardInput.close()
        _ = try? Self.wait(for: child, until: deadline)
    }

    /// Gives the program its whole standard input; what a pipe has no room for goes on its way with `readOutput`.
    ///
    /// - Throws: the error of write(2); that the program reads no more is none.
    public mutating func send(_ bytes: [UInt8]) throws(SystemError) {
        try standardInput.send(bytes)
    }

    /// Reads what it prints, until it closes its standard output.
    ///
    /// - Parameter passesSignalsOn: whether the program is asked to end when this process holds back a SIGTERM or SIGINT.
    /// - Returns: all of it.
    /// - Throws: `EFBIG` when it prints more than 16 MiB, and it is killed.
    @discardableResult
    public mutating func readOutput(passesSignalsOn: Bool) throws(SystemError) -> [UInt8] {
        let signals = try Interruption.descriptor()
        // A negative descriptor is one that poll passes over.
        let ignored: CInt = -1
        var watched = [
            pollfd(fd: standardOutput.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: passesSignalsOn ? signals.rawValue : ignored, events: Int16(POLLIN), revents: 0),
            pollfd(fd: ignored, events: Int16(POLLOUT), revents: 0),
        ]
        while true {
            watched[2].fd = standardInput.rawValue ?? ignored
            let patience = endDeadline.map { CInt(clamping: max(0, $0 - MonotonicClock.milliseconds)) } ?? -1
            let count = try retrying("wait for child") {
                unsafe watched.withUnsafeMutableBufferPointer {
                    unsafe poll($0.baseAddress, nfds_t($0.count), patience)
                }
            }
            if count == 0 {
                kill(child, SIGKILL)
                // Whoever else has its standard output open is not waited for.
                return output
            }
            if watched[1].revents != 0 {
                askToEnd()
                // The signal stays pending for Interruption.check.
                watched[1].fd = ignored
                watched[1].revents = 0
            }
            if watched[2].revents != 0 { try standardInput.sendMore() }
            guard watched[0].revents != 0 else { continue }
            guard try FileDescriptor.readOnce(from: standardOutput.rawValue, into: &output) else { return output }
            if output.count > Self.outputLimit {
                kill(child, SIGKILL)
                throw SystemError("read output of child", nil, .fileTooLarge)
            }
        }
    }

    /// Sends it SIGTERM; when it still runs a while later, whoever waits for it kills it.
    public mutating func askToEnd() {
        guard !isReaped else { return }
        kill(child, SIGTERM)
        endDeadline = MonotonicClock.milliseconds + Self.patienceAfterSignal
    }

    /// Waits until it has ended, for a while: one that has closed its standard output has nothing more to do.
    ///
    /// - Parameter passesSignalsOn: whether the program is asked to end when this process holds back a SIGTERM or SIGINT.
    /// - Returns: how it ended, and what it said; `SIGKILL` when it had to be killed.
    /// - Throws: the error of waitpid(2).
    public mutating func wait(passesSignalsOn: Bool = false) throws(SystemError) -> Subprocess {
        standardInput.close()
        var ending: Subprocess.Ending?
        do throws(SystemError) {
            if passesSignalsOn && endDeadline == nil {
                ending = try Self.wait(for: child, until: deadline, endsOnSignal: true)
            }
        } catch {
            guard error.code == .interrupted else { throw error }
            askToEnd()
        }
        isReaped = true
        let ended = if let ending { ending } else { try Self.wait(for: child, until: deadline) }
        try standardError.rewind()
        return Subprocess(
            ended, output: output, errorOutput: try standardError.readToEnd(limit: Self.outputLimit))
    }

    /// When a program is killed that prints nothing more.
    private var deadline: Int { endDeadline ?? MonotonicClock.milliseconds + Self.patienceAfterOutput }

    /// Milliseconds that a program which was asked to end has for that.
    private static let patienceAfterSignal = 2000

    /// Milliseconds that a program lives on at most which prints nothing more.
    private static let patienceAfterOutput = 5000

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String], _ descriptors: [CInt]
    ) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, CInt(truncatingIfNeeded: number))
        }

        // What this process does with signals is no business of the child's.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var child: pid_t = 0
        let argv = unsafe cStrings([path] + arguments)
        let envp = unsafe cStrings(environment)
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        let status = unsafe posix_spawn(&child, path, &actions, &attributes, argv, envp)
        guard status == 0 else { throw SystemError("run", path, Errno(rawValue: status)) }
        return child
    }

    /// Bytes of standard output, and of what is kept of standard error, that no plugin comes near.
    private static let outputLimit = 16 << 20

    /// - Throws: the error of waitpid(2); `EINTR` when a signal that is held back comes first and is to end this.
    private static func wait(
        for child: pid_t, until deadline: Int, endsOnSignal: Bool = false
    ) throws(SystemError) -> Subprocess.Ending {
        var status: CInt = 0
        func reap(_ flags: CInt) throws(SystemError) -> Bool {
            while true {
                let reaped = unsafe waitpid(child, &status, flags)
                guard reaped == -1 else { return reaped == child }
                guard errno == EINTR else { throw .lastCall("wait for child") }
                if endsOnSignal { try Interruption.check() }
                if MonotonicClock.milliseconds >= deadline { kill(child, SIGKILL) }
            }
        }
        if try !reap(WNOHANG) {
            try IntervalAlarm.ring(after: max(0, deadline - MonotonicClock.milliseconds)) { () throws(SystemError) in
                guard endsOnSignal else { return _ = try reap(0) }
                try Interruption.interruptCalls { () throws(SystemError) in _ = try reap(0) }
            }
        }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    /// Copies that the caller frees, with the null pointer at the end that execve(2) looks for.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe strings.map { unsafe strdup($0) } + [nil]
    }
}
