import CLinux
import Glibc

/// The two ends of a pipe.
struct Pipe: ~Copyable {
    let reading: FileDescriptor
    let writing: FileDescriptor
}

/// An open file, socket or namespace that closes when its owner lets go of it.
///
/// Closes on exec, and is never 0, 1 or 2: those belong to the process, and a plugin started with one of them closed
/// must not print its result into a socket.
public struct FileDescriptor: ~Copyable, Sendable {
    public let rawValue: CInt

    /// Takes ownership of what a system call returned.
    ///
    /// - Throws: the error of fcntl(2) when a standard stream's number cannot be exchanged for another.
    public init(owning rawValue: CInt) throws(SystemError) {
        self.rawValue = try Self.beyondStandardStreams(rawValue)
    }

    deinit {
        close(rawValue)
    }

    private static func beyondStandardStreams(_ descriptor: CInt) throws(SystemError) -> CInt {
        guard descriptor <= STDERR_FILENO else { return descriptor }
        defer { close(descriptor) }
        return try retrying("duplicate descriptor") { fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) }
    }

    /// Opens a path, closing on exec.
    ///
    /// - Throws: the error of open(2), with the path as its subject.
    public static func open(
        _ path: String, _ flags: CInt, mode: UInt32 = 0
    ) throws(SystemError) -> FileDescriptor {
        try FileDescriptor(owning: retrying("open", path) { unsafe Glibc.open(path, flags | O_CLOEXEC, mode) })
    }

    /// Opens a path below a directory that is already open.
    ///
    /// - Throws: the error of openat(2), with the path as its subject.
    public static func open(
        _ path: String, in directory: borrowing FileDescriptor, _ flags: CInt, mode: UInt32 = 0
    ) throws(SystemError) -> FileDescriptor {
        let base = directory.rawValue
        return try FileDescriptor(
            owning: retrying("open", path) { unsafe openat(base, path, flags | O_CLOEXEC, mode) })
    }

    /// A file that exists in memory alone, for handing bytes to a child process or taking them from it.
    public static func inMemory(_ name: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor(
            owning: retrying("create memory file", name) { unsafe memfd_create(name, UInt32(MFD_CLOEXEC)) })
    }

    /// The two ends of a new pipe, both closing on exec.
    static func pipe() throws(SystemError) -> Pipe {
        var ends: (CInt, CInt) = (-1, -1)
        _ = try retrying("create pipe") {
            unsafe withUnsafeMutablePointer(to: &ends) { pointer in
                unsafe pointer.withMemoryRebound(to: CInt.self, capacity: 2) { unsafe pipe2($0, O_CLOEXEC) }
            }
        }
        return Pipe(reading: try FileDescriptor(owning: ends.0), writing: try FileDescriptor(owning: ends.1))
    }

    /// Reads all that is left, at most `limit` bytes.
    ///
    /// - Throws: the error of read(2), or `EFBIG` when there is more than `limit`.
    public borrowing func readToEnd(limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        try Self.readToEnd(of: rawValue, limit: limit)
    }

    /// Writes all bytes.
    ///
    /// - Throws: the error of write(2); some bytes may have been written then.
    public borrowing func write(_ bytes: Span<UInt8>) throws(SystemError) {
        try Self.write(bytes, to: rawValue)
    }

    /// Lets reading and writing fail with `EAGAIN` instead of waiting.
    public borrowing func setNonblocking() throws(SystemError) {
        let descriptor = rawValue
        let flags = try retrying("read descriptor flags") { fcntl(descriptor, F_GETFL) }
        _ = try retrying("set descriptor flags") { fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Goes back to the first byte.
    public borrowing func rewind() throws(SystemError) {
        let descriptor = rawValue
        _ = try retrying("rewind") { lseek(descriptor, 0, SEEK_SET) }
    }

    static func readToEnd(of descriptor: CInt, limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while try readOnce(from: descriptor, into: &bytes) {
            if bytes.count > limit { throw SystemError("read", nil, .fileTooLarge) }
        }
        return bytes
    }

    /// Appends what one read(2) gives; false at the end of the file.
    @discardableResult
    static func readOnce(from descriptor: CInt, into bytes: inout [UInt8]) throws(SystemError) -> Bool {
        let before = bytes.count
        // Grows with what has come, so that a large file takes few calls and a small one little memory.
        let chunk = max(4096, min(before, 1 << 20))
        try bytes.append(addingCapacity: chunk) { (tail: inout OutputSpan<UInt8>) throws(SystemError) in
            try unsafe tail.withUnsafeMutableBufferPointer { (buffer, initialized) throws(SystemError) in
                let free = buffer.extracting(initialized...)
                initialized += try retrying("read") { unsafe Glibc.read(descriptor, free.baseAddress, free.count) }
            }
        }
        return bytes.count > before
    }

    static func write(_ bytes: Span<UInt8>, to descriptor: CInt) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let rest = bytes.extracting(written...)
            written += try retrying("write") {
                unsafe rest.withUnsafeBufferPointer { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
        }
    }
}
