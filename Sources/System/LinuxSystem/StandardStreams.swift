import Glibc

/// The process's standard input, output and error, which nobody owns.
public enum StandardStreams {
    /// Reads standard input to its end.
    ///
    /// - Throws: the error of read(2), or `EFBIG` when there is more than `limit` bytes; `EINTR` when a signal that is held back
    ///   comes first.
    public static func readInput(limit: Int) throws(SystemError) -> [UInt8] {
        let signals = try Interruption.descriptor()
        var bytes: [UInt8] = []
        repeat {
            guard bytes.count <= limit else { throw SystemError("read", nil, .fileTooLarge) }
            _ = try FileDescriptor.waitUntilReadable(anyOf: [STDIN_FILENO, signals.rawValue])
            try Interruption.check()
        } while try FileDescriptor.readOnce(from: STDIN_FILENO, into: &bytes)
        return bytes
    }

    /// Writes all bytes to standard output.
    public static func writeOutput(_ bytes: [UInt8]) throws(SystemError) {
        try FileDescriptor.write(bytes.span, to: STDOUT_FILENO)
    }

    /// Ends standard output, for whoever waits for its end and need not wait for that of the process.
    public static func closeOutput() {
        close(STDOUT_FILENO)
    }

    /// Writes one line to standard error; what cannot be written there is lost.
    public static func log(_ line: String) {
        try? FileDescriptor.write(Array((line + "\n").utf8).span, to: STDERR_FILENO)
    }

    /// Lets a write to a pipe that nobody reads fail with `EPIPE` instead of ending the process.
    public static func surviveClosedPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
