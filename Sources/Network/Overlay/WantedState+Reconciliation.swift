import Addressing
package import LinuxSystem
package import RouteNetlink

extension WantedState {
    /// Makes the kernel's state what it should be, and writes nothing where it is.
    ///
    /// - Parameters:
    ///   - host: a socket in the namespace of the overlay.
    ///   - lock: that of the namespace.
    /// - Returns: what was otherwise, and has been mended.
    /// - Throws: the first thing that the kernel refused, after all the rest has been done.
    package func reconcile(
        on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) throws(SystemError) -> [OverlayDifference] {
        let plan = OverlayPlan(self, try present(on: &host))
        try host.perform(
            plan.changes.map { change in
                switch change {
                case .add(let route): .addOnly(route)
                case .replace(let route): .replace(route)
                case .remove(let route): .delete(route)
                case .replaceEntry(let entry): .replace(entry)
                case .removeEntry(let entry): .delete(entry)
                }
            })
        return plan.differences
    }

    /// Compares the kernel's state with what it should be, and changes nothing.
    ///
    /// - Parameters:
    ///   - host: a socket in the namespace of the overlay.
    ///   - others: what has been found of the device.
    /// - Returns: these and what `reconcile` would mend, and how it is for each peer.
    /// - Throws: what the kernel refused to tell.
    package func inspect(
        on host: inout RouteSocket, with others: [OverlayDifference] = []
    ) throws(SystemError) -> OverlayInspection {
        OverlayInspection(self, others + OverlayPlan(self, try present(on: &host)).differences)
    }

    /// What the kernel has; without a device, routes at most.
    private func present(on host: inout RouteSocket) throws(SystemError) -> OverlayEntries {
        let routes = try host.routes(.v4, from: .overlay) + host.routes(.v6, from: .overlay)
        guard let device else { return OverlayEntries(routes: routes) }
        return OverlayEntries(
            routes: routes, neighbors: try host.neighbors(.neighbors, on: device),
            forwarding: try host.neighbors(.forwarding, on: device))
    }
}
