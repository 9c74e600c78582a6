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
    /// - Throws: the first thing that the kernel refused, after all the rest has been done; `EEXIST` when another program's
    ///   route is preferred to one of this overlay, which is none of its to change.
    package func reconcile(
        on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) throws(SystemError) -> [OverlayDifference] {
        let plan = OverlayPlan(self, try present(on: &host))
        var failure: SystemError?
        for changes in plan.changes {
            // Of thousands, not all are in memory as messages at once.
            for start in stride(from: 0, to: changes.count, by: Self.changesAtOnce) {
                do throws(SystemError) {
                    try host.perform(
                        changes[start...].prefix(Self.changesAtOnce).map { change in
                            switch change {
                            case .add(let route): .addOnly(route)
                            case .replace(let route): .replace(route)
                            case .remove(let route): .delete(route.isOneOfSeveral ? route.withoutNextHop : route)
                            case .replaceEntry(let entry): .replace(entry)
                            case .removeEntry(let entry): .delete(entry)
                            }
                        })
                } catch {
                    failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
        if let hidden = plan.hidden.first {
            throw SystemError(
                "use route", "\(hidden.route)", .exists,
                explanation: "the kernel prefers \(hidden.obstacle), which is another program's; delete that route")
        }
        return plan.differences
    }

    private static let changesAtOnce = 1024

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
        let plan = OverlayPlan(self, try present(on: &host))
        let hidden = plan.hidden.map { hidden in
            OverlayDifference(hidden.subject, .route(hidden.route.destination), .hidden("\(hidden.obstacle)"))
        }
        return OverlayInspection(self, others + plan.differences + hidden)
    }

    private func present(on host: inout RouteSocket) throws(SystemError) -> PresentState {
        var routes = try host.mainRoutes(.v4)
        routes += try host.mainRoutes(.v6)
        var present = PresentState(entries: OverlayEntries(routes: routes))
        for other in Set(routes.lazy.filter { $0.origin == .overlay }.compactMap(\.device)) where other != device {
            guard let link = try host.link(at: other), link.isOfOverlays else { continue }
            present.otherDevices.insert(other)
        }
        guard let device else {
            present.otherClaims = try claims(on: &host)
            return present
        }
        present.entries.neighbors = try host.neighbors(.neighbors, on: device)
        present.entries.forwarding = try host.neighbors(.forwarding, on: device)
        return present
    }

    /// Where routes by the underlay are judged by their destination alone: those of overlays with devices.
    private func claims(on host: inout RouteSocket) throws(SystemError) -> Set<IPAddress> {
        var claims: Set<IPAddress> = []
        for link in try host.links() where link.vxlan != nil {
            claims.formUnion(try host.neighbors(.neighbors, on: link.index).lazy.filter(\.isPermanent).map(\.address))
        }
        return claims
    }
}

extension Link {
    /// Whether it is of a kind that overlays have as their devices.
    fileprivate var isOfOverlays: Bool {
        switch kind {
        case .vxlan, .other("tun"): true
        default: false
        }
    }
}
