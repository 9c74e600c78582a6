import Glibc

/// The name of this machine in its network.
public enum HostName {
    /// That of the calling process's UTS namespace, as `uname -n` prints it.
    public static var current: String {
        var system = utsname()
        guard unsafe uname(&system) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: &system.nodename) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
