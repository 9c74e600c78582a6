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

    /// Milliseconds; a decision takes one, and some ten with hundreds of containers.
    private static let timeout = 30_000
}
