import Addressing
import CNI
import ContainerLinks
import Glibc
import LinuxSystem
import NodeTable
import Overlay
import RouteNetlink

extension OverlaySite {
    /// Reads the table, and makes the kernel's state what it says, with no other process doing the same meanwhile.
    ///
    /// Without the lock, a process that read the table before another one changed it would undo what was made of the
    /// new table, and one could delete the device that another has just made anew.
    ///
    /// - Parameters:
    ///   - input: what this plugin was given.
    ///   - verify: throws when nothing is to be changed after all.
    /// - Returns: where this host is.
    /// - Throws: as `init`, `verify` and `reconcile` do; code 11 when another process takes too long.
    static func reconciled(
        _ input: NetworkConfiguration, verify: (OverlaySite) throws -> Void = { _ in }
    ) throws -> OverlaySite {
        do {
            return try reconciled(input, holding: lock(), verify)
        } catch let error as SystemError where error.code == .timedOut {
            throw CNIError(.tryAgainLater, "\(error)")
        }
    }

    private static func reconciled(
        _ input: NetworkConfiguration, holding _: borrowing FileLock, _ verify: (OverlaySite) throws -> Void
    ) throws -> OverlaySite {
        var host = try RouteSocket()
        let site = try OverlaySite(input, on: &host)
        // Without a plugin to hand containers to, there is no reason to change anything.
        _ = try site.delegate.delegate(for: input)
        try verify(site)
        report(try site.reconcile(on: &host))
        return site
    }

    /// Makes the kernel's state what the table says.
    ///
    /// - Returns: what was otherwise.
    /// - Throws: what the kernel refused.
    private func reconcile(on host: inout RouteSocket) throws(SystemError) -> [OverlayDifference] {
        for family in Set(node.subnets.map(\.family)) { try host.enableForwarding(family) }
        let overlay = try overlay { options throws(SystemError) in try Bridge.ensure(options, on: &host).link.index }
        return try overlay.reconcile(on: &host)
    }

    /// Milliseconds; a reconciliation takes some ten, and seconds where many processes change interfaces at once.
    private static let lockTimeout = 60_000

    /// The lock is on the host's network namespace itself, whose state it is about, and leaves no file.
    private static func lock() throws(SystemError) -> FileLock {
        let path = "/proc/thread-self/ns/net"
        return try FileLock(FileDescriptor.open(path, O_RDONLY), path: path, timeout: lockTimeout)
    }

    /// Tells on standard error what was mended, the first of it when there is much.
    private static func report(_ differences: [OverlayDifference]) {
        let limit = 20
        for difference in differences.prefix(limit) { StandardStreams.log("\(difference)") }
        if differences.count > limit { StandardStreams.log("and \(differences.count - limit) more") }
    }
}
