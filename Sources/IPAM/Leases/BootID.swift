package import LinuxSystem

/// The number that the kernel draws at each start: `/proc/sys/kernel/random/boot_id`.
package struct BootID: Hashable, Sendable {
    let rawValue: UInt128

    init(rawValue: UInt128) {
        self.rawValue = rawValue
    }

    /// - Throws: the error of open(2), or `EBADMSG` when the kernel's file is something else.
    package static func current() throws(SystemError) -> BootID {
        let path = "/proc/sys/kernel/random/boot_id"
        let text = String(decoding: try File.read(path, limit: 128), as: UTF8.self)
        guard let value = UInt128(text.filter { $0 != "-" && !$0.isNewline }, radix: 16) else {
            throw SystemError("read", path, .badMessage)
        }
        return BootID(rawValue: value)
    }
}
