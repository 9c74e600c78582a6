import Glibc

/// Whole files by path.
public enum File {
    /// All bytes of a regular file, as the kernel's own in `/proc` are; anything else might keep its reader waiting.
    ///
    /// - Throws: the error of open(2) or read(2); `EISDIR` for a directory, `EINVAL` for a pipe, a socket or a device;
    ///   `EFBIG` when there is more than `limit` bytes.
    public static func read(_ path: String, limit: Int = 4 << 20) throws(SystemError) -> [UInt8] {
        // A pipe without a writer would keep open(2) waiting.
        let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let status = try file.status()
        guard !status.isDirectory else { throw SystemError("read", path, .isDirectory) }
        guard status.isRegular else {
            throw SystemError("read", path, .invalidArgument, explanation: "not a regular file")
        }
        do {
            return try file.readToEnd(limit: limit)
        } catch {
            throw SystemError("read", path, error.code)
        }
    }

    /// Writes into a file that exists, as the kernel's parameter files are written.
    public static func overwrite(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        let descriptor = try FileDescriptor.open(path, O_WRONLY)
        try write(bytes, to: descriptor, path)
    }

    /// Puts a file in place whole: readers see the old bytes or the new ones, also after a crash of the process.
    ///
    /// - Parameters:
    ///   - path: where it goes.
    ///   - bytes: all that it holds.
    ///   - mode: its permissions, whatever this process's umask is.
    ///   - isDurable: whether readers see the one or the other also after a crash of the machine.
    /// - Throws: the error of the step that failed; the old file is untouched then.
    public static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32, isDurable: Bool = false
    ) throws(SystemError) {
        let temporary = "\(path).\(getpid()).tmp"
        do throws(SystemError) {
            let descriptor = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
            let raw = descriptor.rawValue
            // A umask takes nothing from the owner.
            if mode & 0o077 != 0 { _ = try retrying("set mode", temporary) { fchmod(raw, mode) } }
            try write(bytes, to: descriptor, temporary)
            if isDurable { _ = try retrying("write", temporary) { fsync(raw) } }
            _ = try retrying("rename", temporary) { unsafe rename(temporary, path) }
        } catch {
            _ = try? remove(temporary)
            throw error
        }
    }

    /// Whether a name is that of a file which `replace` has made, and its process is gone that would put it in place.
    public static func isAbandonedReplacement(_ name: String) -> Bool {
        guard let writer = writer(ofReplacement: name) else { return false }
        return kill(writer, 0) != 0 && errno == ESRCH
    }

    /// The process whose number is in a name such as `cid1.4711.tmp`.
    private static func writer(ofReplacement name: String) -> pid_t? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.last == "tmp", let writer = pid_t(parts[parts.count - 2]), writer > 0 else {
            return nil
        }
        return writer
    }

    /// Unlinks a file.
    ///
    /// - Returns: false when there was none.
    @discardableResult
    public static func remove(_ path: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try retrying("delete", path) { unsafe unlink(path) }
            return true
        } catch  where error.code == .noSuchFile {
            return false
        }
    }

    /// Makes a directory and what is missing above it.
    public static func makeDirectory(_ path: String, mode: UInt32) throws(SystemError) {
        if unsafe mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .lastCall("create directory", path)
        }
        try makeDirectory(String(path[..<slash]), mode: mode)
        if unsafe mkdir(path, mode) != 0 && errno != EEXIST { throw .lastCall("create directory", path) }
    }

    /// The names in a directory, sorted, without `.` and `..`.
    public static func names(in path: String) throws(SystemError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw .lastCall("open directory", path) }
        return unsafe names(in: stream).sorted()
    }

    /// The names that are left in an open directory stream, which is closed.
    static func names(in stream: OpaquePointer) -> [String] {
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: Int(entry.pointee.d_reclen)) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// What a symbolic link says, at most its first 4 KiB.
    ///
    /// - Throws: the error of readlink(2).
    public static func destination(ofLink path: String) throws(SystemError) -> String {
        let limit = 4096
        var bytes = [CChar](repeating: 0, count: limit)
        let count = try retrying("read link", path) { unsafe readlink(path, &bytes, limit) }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a path leads to a regular file, symbolic links followed.
    public static func isRegular(_ path: String) -> Bool {
        (try? FileStatus(path: path).isRegular) ?? false
    }

    /// The bytes of an open file named in its errors.
    private static func write(
        _ bytes: [UInt8], to descriptor: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) {
        do {
            try descriptor.write(bytes.span)
        } catch {
            throw SystemError("write", path, error.code)
        }
    }
}
