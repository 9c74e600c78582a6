import Glibc
package import LinuxSystem

/// The right to decide about the gateways of a host, of one process at a time as long as this value lives.
///
/// Whether an address is still needed is told by the containers that have one of its network. Without it, a process could
/// look before a container has its address, and delete a gateway after that container's ADD has found it there.
package struct GatewayLock: ~Copyable, Sendable {
    private let lock: FileLock

    /// Waits for the calling thread's network namespace.
    ///
    /// - Throws: `ETIMEDOUT` with the holder when another process takes too long; `EACCES` without privileges.
    package init() throws(SystemError) {
        lock = try FileLock.ofNetworkNamespace(.gateways, timeout: Self.timeout)
    }

    /// Looks at the gateways while nobody decides about them; others may look at the same time.
    ///
    /// - Throws: as `init` does, and what `look` throws.
    static func withNoDecision<Seen>(_ look: () throws(SystemError) -> Seen) throws(SystemError) -> Seen {
        let lock = try FileLock.ofNetworkNamespace(.gateways, mode: .shared, timeout: timeout)
        let seen = try look()
        _ = consume lock
        return seen
    }

    /// Milliseconds; a decision takes one, and some ten with hundreds of containers, but each of its requests may wait
    /// for all that other processes change in the kernel's network at that time.
    private static let timeout = 60_000
}
