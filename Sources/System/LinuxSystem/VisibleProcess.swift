/// Another process, as far as `/proc` shows it.
public struct VisibleProcess: Hashable, Sendable, CustomStringConvertible {
    public let identifier: Int
    /// The command line; empty when the process is gone or hides it.
    public let arguments: [String]

    init(_ identifier: Int) {
        self.identifier = identifier
        let bytes = try? File.read("/proc/\(identifier)/cmdline")
        arguments = bytes?.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } ?? []
    }

    /// Looks through the open files of all processes for a socket.
    ///
    /// - Parameter inode: the socket's.
    /// - Returns: the processes that have it open; none that this process may not look into.
    public static func holding(socket inode: UInt64) -> [VisibleProcess] {
        let link = "socket:[\(inode)]"
        return ((try? File.names(in: "/proc")) ?? []).compactMap { Int($0) }.filter { identifier in
            let folder = "/proc/\(identifier)/fd"
            let files = (try? File.names(in: folder)) ?? []
            return files.contains { (try? File.destination(ofLink: "\(folder)/\($0)")) == link }
        }.map(VisibleProcess.init)
    }

    /// `process 708 (nginx: master process)`.
    public var description: String {
        arguments.isEmpty ? "process \(identifier)" : "process \(identifier) (\(arguments.joined(separator: " ")))"
    }
}
