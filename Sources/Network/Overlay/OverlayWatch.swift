package import Addressing
package import LinuxSystem
import RouteNetlink

/// Hears when the kernel's state of an overlay may no longer be what it should be, so that someone looks at once.
///
/// What `reconcile` itself writes is heard as well: whoever looks again then finds nothing to write, and it is quiet.
package struct OverlayWatch: ~Copyable {
    private var monitor: RouteMonitor
    private let scope: Scope
    /// The interfaces of the names, as far as they have been seen.
    private var devices: Set<InterfaceIndex> = []
    private var underlays: Set<InterfaceIndex> = []

    /// What of a host is watched.
    package struct Scope: Hashable, Sendable {
        /// The names of the overlay's own devices, there or not.
        package let devices: Set<String>
        /// The names of the links that lead to the other hosts.
        package let underlays: Set<String>
        /// What every host's part of the overlay lies in.
        package let networks: [CIDR]
        /// The parts that are this host's; what leads to those is its containers' business.
        package let ownSubnets: [CIDR]

        package init(devices: Set<String>, underlays: Set<String>, networks: [CIDR], ownSubnets: [CIDR]) {
            self.devices = devices
            self.underlays = underlays
            self.networks = networks
            self.ownSubnets = ownSubnets
        }
    }

    /// Starts to listen in the calling thread's namespace; what happens from now on is not missed.
    ///
    /// - Parameter scope: what is watched.
    /// - Throws: what the kernel refused.
    package init(_ scope: Scope) throws(SystemError) {
        let monitor = try RouteMonitor(
            .links, .ipv4Addresses, .ipv6Addresses, .ipv4Routes, .ipv6Routes, .neighbors)
        var host = try RouteSocket()
        self.init(monitor, scope, try host.links())
    }

    private init(_ monitor: consuming RouteMonitor, _ scope: Scope, _ links: [Link]) {
        self.monitor = monitor
        self.scope = scope
        for link in links { _ = knows(link.index, link.name) }
    }

    /// What poll(2) says that there is something to hear by; only for that.
    package var descriptorNumber: CInt { monitor.descriptorNumber }

    /// Hears what has happened since the last time, without waiting.
    ///
    /// - Returns: whether something of that matters, or may have been missed.
    /// - Throws: what the kernel refused.
    package mutating func drain() throws(SystemError) -> Bool {
        var events: [RouteEvent] = []
        let isWhole = try monitor.takeEvents { events.append($0) }
        var matters = !isWhole
        // All of them, since they also tell the numbers of new devices.
        for event in events where self.matters(event) { matters = true }
        return matters
    }

    private mutating func matters(_ event: RouteEvent) -> Bool {
        switch event {
        case .link(let index, let name): knows(index, name)
        case .address(let index): devices.contains(index) || underlays.contains(index)
        // Those of an underlay come and go as hosts talk to each other.
        case .neighbor(let index): devices.contains(index)
        case .route(let route): matters(route)
        }
    }

    private func matters(_ route: Route) -> Bool {
        guard route.table == Route.mainTable else { return false }
        if let device = route.device, devices.contains(device) { return true }
        let destination = route.destination
        if scope.ownSubnets.contains(where: { $0.contains(destination) }) { return false }
        // Another's route may have taken the place of one of the overlay's.
        if scope.networks.contains(where: { $0.contains(destination) }) { return true }
        // Who is on the link may have changed.
        return route.gateway == nil && route.device.map(underlays.contains) == true && !destination.isDefault
    }

    /// Notes the numbers of links of the names; one that is known by its number counts under any name.
    private mutating func knows(_ index: InterfaceIndex, _ name: String) -> Bool {
        if scope.devices.contains(name) { devices.insert(index) }
        if scope.underlays.contains(name) { underlays.insert(index) }
        return devices.contains(index) || underlays.contains(index)
    }
}
