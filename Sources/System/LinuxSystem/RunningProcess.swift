import CLinux
import Glibc

/// A program that was started, whose output can be had before it has ended.
///
/// Whoever does not wait for it waits when this value goes.
public struct RunningProcess: ~Copyable {
    private let child: pid_t
    private let standardOutput: FileDescriptor
    private let standardError: FileDescriptor
    private var output: [UInt8] = []
    private var isReaped = false

    /// Starts an executable.
    ///
    /// - Parameters:
    ///   - path: the executable; no search path is used.
    ///   - arguments: those behind the program's name.
    ///   - environment: all variables, as `NAME=value`.
    ///   - input: the whole standard input.
    /// - Throws: the error of posix_spawn(3) with the path as its subject; nothing has run then.
    public init(
        _ path: String, _ arguments: [String] = [], environment: [String], input: [UInt8] = []
    ) throws(SystemError) {
        // Memory files for input and errors: neither side can wait for the other to read.
        let standardInput = try FileDescriptor.inMemory("stdin")
        try standardInput.write(input.span)
        try standardInput.rewind()
        let standardError = try FileDescriptor.inMemory("stderr")
        let pipe = try FileDescriptor.pipe()
        child = try Self.spawn(
            path, arguments, environment, standardInput.rawValue, pipe.writing.rawValue, standardError.rawValue)
        self.standardError = standardError
        standardOutput = pipe.reading
    }

    deinit {
        if !isReaped { _ = try? Self.wait(for: child) }
    }

    /// Reads what it prints, until it closes its standard output.
    ///
    /// - Parameter passesSignalsOn: whether the child is sent SIGTERM when this process holds back a SIGTERM or SIGINT.
    /// - Returns: all of it.
    /// - Throws: `EFBIG` when the child prints more than 16 MiB, and it is killed.
    @discardableResult
    public mutating func readOutput(passesSignalsOn: Bool) throws(SystemError) -> [UInt8] {
        output = try Self.collect(from: standardOutput, of: child, passesSignalsOn)
        return output
    }

    /// Waits until it has ended.
    ///
    /// - Returns: how it ended, and what it said.
    /// - Throws: the error of waitpid(2).
    public mutating func wait() throws(SystemError) -> Subprocess {
        isReaped = true
        let ending = try Self.wait(for: child)
        try standardError.rewind()
        return Subprocess(
            ending, output: output, errorOutput: try standardError.readToEnd(limit: Self.outputLimit))
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String],
        _ input: CInt, _ output: CInt, _ errors: CInt
    ) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)

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

    /// Reads the child's output to its end, passing a signal on the first time one comes.
    private static func collect(
        from descriptor: borrowing FileDescriptor, of child: pid_t, _ passesSignalsOn: Bool
    ) throws(SystemError) -> [UInt8] {
        let signals = try Interruption.descriptor()
        // A negative descriptor is one that poll passes over.
        let ignored: CInt = -1
        var watched = [
            pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: passesSignalsOn ? signals.rawValue : ignored, events: Int16(POLLIN), revents: 0),
        ]
        var output: [UInt8] = []
        while true {
            _ = try retrying("wait for child") {
                unsafe watched.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, nfds_t($0.count), -1) }
            }
            if watched[1].revents != 0 {
                kill(child, SIGTERM)
                // The signal stays pending for Interruption.check.
                watched[1].fd = ignored
                watched[1].revents = 0
            }
            guard watched[0].revents != 0 else { continue }
            guard try FileDescriptor.readOnce(from: descriptor.rawValue, into: &output) else { return output }
            if output.count > Self.outputLimit {
                kill(child, SIGKILL)
                throw SystemError("read output of child", nil, .fileTooLarge)
            }
        }
    }

    /// Bytes of standard output, and of what is kept of standard error, that no plugin comes near.
    private static let outputLimit = 16 << 20

    private static func wait(for child: pid_t) throws(SystemError) -> Subprocess.Ending {
        var status: CInt = 0
        _ = try retrying("wait for child") { unsafe waitpid(child, &status, 0) }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    /// Copies that the caller frees, with the null pointer at the end that execve(2) looks for.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe strings.map { unsafe strdup($0) } + [nil]
    }
}
