import Glibc

/// An error number of the kernel, as in errno(3).
public struct Errno: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: CInt

    public init(rawValue: CInt) {
        self.rawValue = rawValue
    }

    public static let accessDenied = Errno(rawValue: EACCES)
    public static let addressInUse = Errno(rawValue: EADDRINUSE)
    public static let addressNotAvailable = Errno(rawValue: EADDRNOTAVAIL)
    public static let badMessage = Errno(rawValue: EBADMSG)
    public static let brokenPipe = Errno(rawValue: EPIPE)
    public static let busy = Errno(rawValue: EBUSY)
    public static let connectionRefused = Errno(rawValue: ECONNREFUSED)
    public static let connectionReset = Errno(rawValue: ECONNRESET)
    public static let exists = Errno(rawValue: EEXIST)
    /// What the kernel answers when a bridge has no room for one port more.
    public static let exchangeFull = Errno(rawValue: EXFULL)
    public static let fileTooLarge = Errno(rawValue: EFBIG)
    public static let inputOutput = Errno(rawValue: EIO)
    public static let hostUnreachable = Errno(rawValue: EHOSTUNREACH)
    public static let interrupted = Errno(rawValue: EINTR)
    public static let invalidArgument = Errno(rawValue: EINVAL)
    public static let isDirectory = Errno(rawValue: EISDIR)
    public static let messageTooLong = Errno(rawValue: EMSGSIZE)
    public static let networkUnreachable = Errno(rawValue: ENETUNREACH)
    public static let noBufferSpace = Errno(rawValue: ENOBUFS)
    public static let noSpace = Errno(rawValue: ENOSPC)
    public static let noSuchDevice = Errno(rawValue: ENODEV)
    public static let noSuchFile = Errno(rawValue: ENOENT)
    public static let noSuchProcess = Errno(rawValue: ESRCH)
    public static let notDirectory = Errno(rawValue: ENOTDIR)
    public static let notSupported = Errno(rawValue: EOPNOTSUPP)
    public static let permissionDenied = Errno(rawValue: EPERM)
    public static let protocolNotSupported = Errno(rawValue: EPROTONOSUPPORT)
    public static let timedOut = Errno(rawValue: ETIMEDOUT)
    public static let wouldBlock = Errno(rawValue: EAGAIN)

    /// The C library's text for the number, such as `File exists`.
    public var description: String {
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(rawValue, &text, 128) == 0 else { return "error \(rawValue)" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
