import CLinux
import Glibc

/// Connections within this machine, by sockets that have a path: unix(7).
extension FileDescriptor {
    /// Connects to whoever listens at a path.
    ///
    /// - Parameters:
    ///   - path: of the socket.
    ///   - timeout: seconds that connecting, and later each call that writes, may wait.
    /// - Returns: the connection.
    /// - Throws: `ENOENT` when there is no socket, `ECONNREFUSED` when nobody listens, `ENAMETOOLONG` for a path that no
    ///   socket can have, `EAGAIN` after the timeout; the path is the error's subject.
    public static func connected(toSocketAt path: String, timeout: Int) throws(SystemError) -> FileDescriptor {
        let address = try unixAddress(path)
        let socket = try FileDescriptor.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        try socket.setSendTimeout(seconds: timeout)
        let raw = socket.rawValue
        _ = try retrying("connect to", path) {
            unsafe withSocketAddress(address) { unsafe connect(raw, $0, $1) }
        }
        return socket
    }

    /// Listens at a path where nothing is yet; only its owner may connect.
    ///
    /// - Throws: `EADDRINUSE` when something is there; the error of bind(2), with the path as its subject.
    public static func listening(atSocketPath path: String) throws(SystemError) -> FileDescriptor {
        let address = try unixAddress(path)
        let socket = try FileDescriptor.socket(
            AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        let raw = socket.rawValue
        let former = umask(0o177)
        defer { _ = umask(former) }
        _ = try retrying("listen at", path) {
            unsafe withSocketAddress(address) { unsafe bind(raw, $0, $1) }
        }
        _ = try retrying("listen at", path) { listen(raw, SOMAXCONN) }
        return socket
    }

    /// Takes the next connection, which never waits.
    ///
    /// - Returns: nil when there is none.
    /// - Throws: the error of accept(2), `EMFILE` when this process has too many descriptors open.
    public borrowing func acceptConnection() throws(SystemError) -> FileDescriptor? {
        let descriptor = rawValue
        do throws(SystemError) {
            let connection = try FileDescriptor(
                owning: retrying("accept connection") { accept(descriptor, nil, nil) })
            _ = fcntl(connection.rawValue, F_SETFD, FD_CLOEXEC)
            try connection.setNonblocking()
            return connection
        } catch  where error.code == .wouldBlock || error.code.rawValue == ECONNABORTED {
            return nil
        }
    }

    /// Appends what has come.
    ///
    /// - Returns: false at the end; true also when nothing has come.
    /// - Throws: the error of read(2).
    public borrowing func readAvailable(into bytes: inout [UInt8]) throws(SystemError) -> Bool {
        do throws(SystemError) {
            return try Self.readOnce(from: rawValue, into: &bytes)
        } catch  where error.code == .wouldBlock {
            return true
        }
    }

    /// Appends what comes, waiting for it.
    ///
    /// - Parameters:
    ///   - bytes: where it goes.
    ///   - deadline: in milliseconds of the monotonic clock.
    ///   - sender: who is at the other end, for errors.
    /// - Throws: `ETIMEDOUT` after the deadline, `ECONNRESET` when the other end is closed, `EINTR` when a signal that is held
    ///   back comes.
    public borrowing func receive(
        into bytes: inout [UInt8], until deadline: Int, from sender: String
    ) throws(SystemError) {
        let signals = try Interruption.descriptor()
        let left = deadline - MonotonicClock.milliseconds
        guard left > 0, try Self.waitUntilReadable(anyOf: [rawValue, signals.rawValue], milliseconds: left) else {
            throw SystemError("wait for", sender, .timedOut)
        }
        try Interruption.check()
        guard try readAvailable(into: &bytes) else {
            throw SystemError("wait for", sender, .connectionReset, explanation: "it has ended")
        }
    }

    /// Writes what there is room for; whoever reads no more is no reason to end this process.
    ///
    /// - Returns: how many bytes were taken, 0 when there is no room.
    /// - Throws: the error of send(2).
    public borrowing func writeAvailable(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        let descriptor = rawValue
        do throws(SystemError) {
            return try retrying("write") {
                unsafe bytes.withUnsafeBufferPointer {
                    unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
                }
            }
        } catch  where error.code == .wouldBlock {
            return 0
        }
    }

    private static func unixAddress(_ path: String) throws(SystemError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room, !bytes.contains(0) else {
            throw SystemError(
                "use socket", path, Errno(rawValue: ENAMETOOLONG),
                explanation: "a socket's path has at most \(room - 1) bytes")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return address
    }
}
