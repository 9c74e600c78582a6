import Glibc

extension FileLock {
    /// What is changed in a namespace by one process at a time.
    public enum Subject: Sendable {
        case overlays
        case gateways
        case sourceRouting
        case uplinks

        /// Of mode 0600, and one for each namespace since Linux 4.15; IPv6 may be missing from the kernel.
        fileprivate var paths: [String] {
            let always = "/proc/sys/net/ipv4/tcp_fastopen_key"
            switch self {
            case .overlays, .sourceRouting: return [always]
            case .gateways: return ["/proc/sys/net/ipv6/conf/all/stable_secret", always]
            case .uplinks: return ["/proc/sys/net/ipv6/conf/default/stable_secret", always]
            }
        }
    }

    /// Waits for the lock of the calling thread's network namespace, for what is changed in it as a whole.
    ///
    /// It is on a file of the namespace that leaves nothing behind, and that only those can open who may change the
    /// namespace anyway: the namespace itself anybody can open, and so lock. With a kernel that has no such file it is on
    /// the namespace.
    ///
    /// - Parameters:
    ///   - subject: what it is for; those who change something else do not wait.
    ///   - mode: whether others may hold it too.
    ///   - timeout: milliseconds to wait at most.
    /// - Returns: the lock.
    /// - Throws: as the initialiser does; `EACCES` without the privilege.
    public static func ofNetworkNamespace(
        _ subject: Subject, mode: Mode = .exclusive, timeout: Int
    ) throws(SystemError) -> FileLock {
        for path in subject.paths {
            do throws(SystemError) {
                return try FileLock(.open(path, O_RDONLY), path: path, mode: mode, timeout: timeout)
            } catch  where error.operation == "open" && error.code == .noSuchFile {}
        }
        return try FileLock(.open(namespacePath, O_RDONLY), path: namespacePath, mode: mode, timeout: timeout)
    }

    private static let namespacePath = "/proc/thread-self/ns/net"
}
