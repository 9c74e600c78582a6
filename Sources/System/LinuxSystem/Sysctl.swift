/// Kernel parameters below `/proc/sys`, named by their path: `net/ipv4/conf/eth0/arp_notify`.
///
/// Those of `net` are the calling thread's namespace's.
public enum Sysctl {
    /// The value, without the line's end.
    ///
    /// - Throws: `ENOENT` where the kernel has no such parameter.
    public static func value(of name: String) throws(SystemError) -> String {
        let bytes = try File.read("/proc/sys/" + name)
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The value; nil where there is none to read, since the parameter can only be written (`route/flush`), has no value yet
    /// (`stable_secret`), or does not exist.
    public static func readableValue(of name: String) throws(SystemError) -> String? {
        do throws(SystemError) {
            return try value(of: name)
        } catch  where [.accessDenied, .permissionDenied, .inputOutput, .noSuchFile].contains(error.code) {
            return nil
        }
    }

    /// Makes the parameter have a value; writes nothing when it has it already.
    public static func ensure(_ name: String, is value: String) throws(SystemError) {
        guard try Self.value(of: name) != value else { return }
        try set(name, to: value)
    }

    /// Writes the value.
    public static func set(_ name: String, to value: String) throws(SystemError) {
        try File.overwrite("/proc/sys/" + name, with: Array(value.utf8))
    }
}
