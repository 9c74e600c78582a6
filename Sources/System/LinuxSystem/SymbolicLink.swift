import Glibc

/// Links in the file system that lead to other names.
public enum SymbolicLink {
    /// Where a symbolic link leads to, as it is written in it.
    ///
    /// - Throws: `EINVAL` for what is no symbolic link; `ENOENT`.
    public static func target(of path: String) throws(SystemError) -> String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try retrying("read link", path) { unsafe readlink(path, &bytes, bytes.count) }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
