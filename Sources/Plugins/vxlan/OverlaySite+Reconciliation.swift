import Addressing
import CNI
import ContainerLinks
import LinuxSystem
import NodeTable
import Overlay
import RouteNetlink

extension OverlaySite {
    /// Reads the table, and makes the kernel's state what it says, with no other process doing the same meanwhile.
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
            return try reconciled(input, holding: OverlayLock(), verify)
        } catch let error as SystemError where error.code == .timedOut {
            throw CNIError(.tryAgainLater, "\(error)")
        }
    }

    private static func reconciled(
        _ input: NetworkConfiguration, holding lock: borrowing OverlayLock, _ verify: (OverlaySite) throws -> Void
    ) throws -> OverlaySite {
        var host = try RouteSocket()
        let site = try OverlaySite(input, on: &host)
        // Without a plugin to hand containers to, there is no reason to change anything.
        _ = try site.delegate.delegate(for: input)
        try verify(site)
        report(try site.reconcile(on: &host, holding: lock))
        return site
    }

    /// Makes the kernel's state what the table says.
    ///
    /// - Returns: what was otherwise.
    /// - Throws: what the kernel refused.
    private func reconcile(
        on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) throws(SystemError) -> [OverlayDifference] {
        let overlay = try overlay { options throws(SystemError) in try Bridge.ensure(options, on: &host).link.index }
        return try overlay.reconcile(on: &host, holding: lock)
    }

    /// Tells on standard error what was mended, the first of it when there is much.
    private static func report(_ differences: [OverlayDifference]) {
        let limit = 20
        for difference in differences.prefix(limit) { StandardStreams.log("\(difference)") }
        if differences.count > limit { StandardStreams.log("and \(differences.count - limit) more") }
    }
}
