import Glibc

extension FileLock {
    /// Waits for the lock of the calling thread's network namespace, for what is changed in it as a whole.
    ///
    /// It is on a file of the namespace that leaves nothing behind, and that only those can open who may change the
    /// namespace anyway: the namespace itself anybody can open, and so lock. With a kernel that has no such file it is on
    /// the namespace.
    ///
    /// - Parameter timeout: milliseconds to wait at most.
    /// - Throws: as the initialiser does; `EACCES` without the privilege.
    public static func ofNetworkNamespace(timeout: Int) throws(SystemError) -> FileLock {
        do throws(SystemError) {
            return try FileLock(.open(privilegedPath, O_RDONLY), path: privilegedPath, timeout: timeout)
        } catch  where error.operation == "open" && error.code == .noSuchFile {
            return try FileLock(.open(namespacePath, O_RDONLY), path: namespacePath, timeout: timeout)
        }
    }

    /// Of mode 0600, and one for each namespace since Linux 4.15.
    private static let privilegedPath = "/proc/sys/net/ipv4/tcp_fastopen_key"

    private static let namespacePath = "/proc/thread-self/ns/net"
}
