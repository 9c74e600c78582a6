import CLinux
import Glibc

/// A directory that is open: what is done to a name in it is done there, wherever the path leads meanwhile.
///
/// Names are single components. A symbolic link of such a name is followed only where that is asked for.
public struct Directory: ~Copyable, Sendable {
    /// As it was opened, for error texts.
    public let path: String
    private let descriptor: FileDescriptor

    /// Opens a directory, making it and what is missing above it.
    ///
    /// - Throws: the error of mkdir(2) or open(2), with the path as its subject.
    public init(making path: String, mode: UInt32) throws(SystemError) {
        self.path = path
        descriptor = try Self.open(path, mode: mode)
    }

    private static func open(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        } catch  where error.code == .noSuchFile {
            try File.makeDirectory(path, mode: mode)
            return try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        }
    }

    /// The path of a name in it, for error texts.
    public borrowing func path(of name: String) -> String { "\(path)/\(name)" }

    /// Opens a file.
    ///
    /// - Throws: the error of openat(2), `ELOOP` for a symbolic link unless it is followed.
    public borrowing func open(
        _ name: String, _ flags: CInt, mode: UInt32 = 0, followsLinks: Bool = false
    ) throws(SystemError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                name, in: descriptor, followsLinks ? flags : flags | O_NOFOLLOW, mode: mode)
        } catch {
            throw SystemError(error.operation, path(of: name), error.code)
        }
    }

    /// All bytes of a regular file.
    ///
    /// - Returns: nil when it is something else than a file, a symbolic link included, or has more than `limit` bytes.
    /// - Throws: the error of openat(2) or read(2), `ENOENT` where there is nothing.
    public borrowing func read(_ name: String, limit: Int) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            // A pipe of that name must not be waited for.
            let file = try open(name, O_RDONLY | O_NONBLOCK)
            let bytes = try file.read(count: limit + 1, at: 0)
            // Neither directories nor pipes have bytes at an offset, but some devices have none either.
            if bytes.isEmpty, try !file.status().isRegular { return nil }
            return bytes.count <= limit ? bytes : nil
        } catch {
            switch error.code.rawValue {
            case ELOOP, EISDIR, ENXIO, ESPIPE: return nil
            default: throw SystemError(error.operation, path(of: name), error.code)
            }
        }
    }

    /// Makes a file that was not there.
    ///
    /// - Throws: the error of openat(2), `EEXIST` when something has the name, or of write(2); no file is left then.
    public borrowing func create(_ name: String, with bytes: [UInt8], mode: UInt32) throws(SystemError) {
        let file = try open(name, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        do {
            try file.write(bytes.span)
        } catch {
            _ = try? remove(name)
            throw SystemError(error.operation, path(of: name), error.code)
        }
    }

    /// Gives a file a second name in another directory of the same file system.
    ///
    /// - Returns: false when something has that name already.
    public borrowing func link(
        _ name: String, to directory: borrowing Directory, _ other: String
    ) throws(SystemError) -> Bool {
        let (source, target) = (descriptor.rawValue, directory.descriptor.rawValue)
        do throws(SystemError) {
            _ = try retrying("create", directory.path(of: other)) { unsafe linkat(source, name, target, other, 0) }
            return true
        } catch  where error.code == .exists {
            return false
        }
    }

    /// Moves a file to a name in another directory of the same file system, in place of what is there.
    public borrowing func move(
        _ name: String, to directory: borrowing Directory, _ other: String
    ) throws(SystemError) {
        let (source, target) = (descriptor.rawValue, directory.descriptor.rawValue)
        _ = try retrying("replace", directory.path(of: other)) { unsafe renameat(source, name, target, other) }
    }

    /// Unlinks a file.
    ///
    /// - Returns: false when there was none.
    @discardableResult
    public borrowing func remove(_ name: String) throws(SystemError) -> Bool {
        let raw = descriptor.rawValue
        do throws(SystemError) {
            _ = try retrying("delete", path(of: name)) { unsafe unlinkat(raw, name, 0) }
            return true
        } catch  where error.code == .noSuchFile {
            return false
        }
    }

    /// The names in it, in no order, without `.` and `..`.
    public borrowing func names() throws(SystemError) -> [String] {
        let raw = descriptor.rawValue
        let copy = try retrying("open directory", path) {
            unsafe openat(raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard let stream = unsafe fdopendir(copy) else {
            close(copy)
            throw .lastCall("open directory", path)
        }
        return unsafe File.names(in: stream)
    }

    public borrowing func status() throws(SystemError) -> FileStatus {
        try descriptor.status()
    }

    /// Sets the directory's own time stamp, which otherwise tells when a name was last added or removed.
    ///
    /// - Throws: the error of futimens(3), `EPERM` for somebody else's directory.
    public borrowing func setModificationTime(_ time: FileTime) throws(SystemError) {
        do {
            try descriptor.setModificationTime(time)
        } catch {
            throw SystemError(error.operation, path, error.code)
        }
    }
}
