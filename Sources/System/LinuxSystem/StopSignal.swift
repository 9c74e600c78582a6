import CLinux
import Glibc

/// Tells any number of threads to stop, in poll(2) as well: eventfd(2).
package struct StopSignal: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    package init() throws(SystemError) {
        descriptor = try Self.open()
    }

    private static func open() throws(SystemError) -> FileDescriptor {
        try FileDescriptor(owning: retrying("create event") { eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) })
    }

    /// Is never taken back.
    package func raise() {
        var one: UInt64 = 1
        unsafe Glibc.write(descriptor.rawValue, &one, MemoryLayout<UInt64>.size)
    }

    /// Waits until there is something to read, or this is raised.
    ///
    /// - Returns: false when it is raised.
    /// - Throws: the error of poll(2).
    package func waitUntilReadable(_ other: borrowing FileDescriptor) throws(SystemError) -> Bool {
        _ = try FileDescriptor.waitUntilReadable(anyOf: [other.rawValue, descriptor.rawValue])
        return try !isRaised
    }

    package var isRaised: Bool {
        get throws(SystemError) { try descriptor.waitUntilReadable(milliseconds: 0) }
    }
}
