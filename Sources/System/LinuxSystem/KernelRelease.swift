import Glibc

/// The version of a kernel, as far as what it can do depends on it.
public struct KernelRelease: Hashable, Comparable, Sendable {
    public let major: Int
    public let minor: Int

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads what `uname -r` prints, whatever follows the two numbers; nil when it does not begin with them.
    public init?(_ text: some StringProtocol) {
        let numbers = text.split(separator: ".", maxSplits: 2).prefix(2).map { Int($0.prefix(while: \.isNumber)) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        self.init(major, minor)
    }

    /// That of the running kernel; nil when it tells none.
    public static var running: KernelRelease? {
        var system = utsname()
        guard unsafe uname(&system) == 0 else { return nil }
        return unsafe withUnsafeBytes(of: &system.release) {
            unsafe KernelRelease(String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self))
        }
    }

    public static func < (a: KernelRelease, b: KernelRelease) -> Bool {
        (a.major, a.minor) < (b.major, b.minor)
    }
}
