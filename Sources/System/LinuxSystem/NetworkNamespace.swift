import CLinux
import Glibc

/// A network namespace, kept alive by this handle.
public struct NetworkNamespace: ~Copyable, Sendable {
    /// For requests that take a namespace by descriptor, such as `IFLA_NET_NS_FD`.
    public let descriptor: FileDescriptor

    private init(descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Opens the namespace behind a path such as `/run/netns/blue` or `/proc/42/ns/net`.
    ///
    /// - Throws: the error of open(2); `EINVAL` when the path is not that of a namespace, or of one of another kind.
    public init(path: String) throws(SystemError) {
        self.init(descriptor: try Self.openNamespace(path))
    }

    /// The namespace that the calling thread is in.
    public static func current() throws(SystemError) -> NetworkNamespace {
        NetworkNamespace(descriptor: try .open("/proc/thread-self/ns/net", O_RDONLY))
    }

    /// Makes a namespace without a name, which ends with its last handle, process or socket.
    ///
    /// - Throws: the error of unshare(2), `EPERM` without privileges.
    public static func make() throws(SystemError) -> NetworkNamespace {
        let origin = try current()
        _ = try retrying("create network namespace") { unshare(CLONE_NEWNET) }
        defer { origin.returnHere() }
        return try current()
    }

    /// A number that tells namespaces apart while they live: that of their inode.
    public borrowing func identity() throws(SystemError) -> UInt64 {
        try descriptor.status().inode
    }

    /// Whether a path leads to the namespace that the calling thread is in; false when the path cannot be opened.
    public static func isCurrent(path: String) -> Bool {
        guard let here = try? FileStatus(path: "/proc/thread-self/ns/net"), let there = try? FileStatus(path: path)
        else {
            return false
        }
        return here.isSameFile(as: there)
    }

    /// Runs a body with the calling thread inside this namespace, and comes back.
    ///
    /// - Throws: the error of setns(2), then the body has not run; else what the body throws.
    public borrowing func run<Value: ~Copyable>(
        _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let origin = try Self.current()
        let raw = descriptor.rawValue
        _ = try retrying("enter network namespace") { setns(raw, CLONE_NEWNET) }
        defer { origin.returnHere() }
        return try body()
    }

    private static func openNamespace(_ path: String) throws(SystemError) -> FileDescriptor {
        let descriptor = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK)
        var status = statfs()
        let raw = descriptor.rawValue
        _ = try retrying("inspect", path) { unsafe fstatfs(raw, &status) }
        guard status.f_type == NSFS_MAGIC else {
            throw SystemError("open network namespace", path, .invalidArgument, explanation: "not a namespace")
        }
        // A kernel that does not tell, before 4.11, finds out when the namespace is entered.
        let kind = ioctl(raw, kindRequest)
        guard kind == CLONE_NEWNET || kind == -1 else {
            throw SystemError(
                "open network namespace", path, .invalidArgument, explanation: "a namespace of another kind")
        }
        return descriptor
    }

    /// `NS_GET_NSTYPE` of linux/nsfs.h, which is no constant to Swift.
    private static let kindRequest: UInt = 0xb7 << 8 | 3

    /// Going on in a namespace that is not one's own would change foreign interfaces, so nothing goes on.
    private borrowing func returnHere() {
        guard setns(descriptor.rawValue, CLONE_NEWNET) == 0 else {
            fatalError("cannot return to the network namespace: \(Errno(rawValue: errno))")
        }
    }
}
