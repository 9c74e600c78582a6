@preconcurrency @unsafe import Glibc

/// The variables this process was started with.
public enum ProcessEnvironment {
    /// The value of one variable, nil when it is not set.
    public static func value(of name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// All of them as `NAME=value`, in their order.
    public static var entries: [String] {
        var entries: [String] = []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            entries.append(unsafe String(cString: entry))
            unsafe next += 1
        }
        return entries
    }

    /// All variables, with some replaced, added, or (where the new value is nil) left out.
    public static func entries(replacing replacements: [String: String?]) -> [String] {
        let kept = entries.filter { entry in
            !replacements.keys.contains(String(entry.prefix { $0 != "=" }))
        }
        let added = replacements.compactMap { name, value in value.map { "\(name)=\($0)" } }
        return kept + added.sorted()
    }
}
