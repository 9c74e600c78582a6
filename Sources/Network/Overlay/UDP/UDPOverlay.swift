package import Addressing
package import LinuxSystem
package import RouteNetlink

/// A network over many hosts by UDP: the device that a process of this host reads and writes, and the route to it.
///
/// Which host a packet goes to, that process decides; the kernel knows but one route for all of them. The device is the
/// process's, and with it the route is gone.
package struct UDPOverlay: Hashable, Sendable {
    /// The name of the device.
    package let device: String
    /// Bytes of payload in a packet.
    package let mtu: UInt32
    /// The device's, of this host's subnet.
    package let address: IPv4Address
    /// What every host's subnet lies in.
    package let network: CIDR

    /// The bytes that are put around a packet: UDP and IP.
    package static let overhead: UInt32 = 8 + 20

    package init(device: String, mtu: UInt32, address: IPv4Address, network: CIDR) {
        self.device = device
        self.mtu = mtu
        self.address = address
        self.network = network
    }

    /// Makes the kernel's state what it should be, and writes nothing where it is; works on the calling thread's namespace.
    ///
    /// - Parameters:
    ///   - host: a socket in the calling thread's namespace.
    ///   - lock: that of the namespace.
    /// - Returns: what was otherwise, and has been mended.
    /// - Throws: `ENODEV` when the device is not there, `EEXIST` when it is of another kind; the first thing that the
    ///   kernel refused.
    package func reconcile(
        on host: inout RouteSocket, holding lock: borrowing OverlayLock
    ) throws(SystemError) -> [OverlayDifference] {
        try host.enableForwarding(.v4)
        guard let link = try link(on: &host) else { throw SystemError("find tun", device, .noSuchDevice) }
        // Nobody is there whom the kernel could ask for routers and neighbours.
        try? Sysctl.ensure("net/ipv6/conf/\(device)/disable_ipv6", is: "1")
        var differences = faults(link)
        if !differences.isEmpty {
            var change = LinkChange()
            change.mtu = mtu
            change.isUp = true
            try host.perform(.change(link.index, device, to: change))
        }
        try addresses.ensure(on: link, &host, isNew: false, &differences)
        return try differences + wanted(by: link.index).reconcile(on: &host, holding: lock)
    }

    /// Compares the kernel's state with what it should be, and changes nothing.
    ///
    /// - Parameter host: a socket in the namespace of the overlay.
    /// - Returns: what `reconcile` would mend.
    /// - Throws: `EEXIST` when there is a device of another kind; what the kernel refused to tell.
    package func inspect(on host: inout RouteSocket) throws(SystemError) -> OverlayInspection {
        guard let link = try link(on: &host) else {
            return try wanted(by: nil).inspect(
                on: &host, with: [OverlayDifference(.device(device), .link, .missing)])
        }
        let differences = try faults(link) + addresses.inspect(on: link, &host)
        return try wanted(by: link.index).inspect(on: &host, with: differences)
    }

    private var addresses: OverlayAddresses { OverlayAddresses(device, [.v4(address)]) }

    private func wanted(by index: InterfaceIndex?) -> WantedState {
        let route = Route(
            to: network, device: index ?? .noInterface, table: Route.mainTable, origin: .overlay)
        return WantedState(peers: [], shared: OverlayEntries(routes: [route]), name: device, device: index)
    }

    private func faults(_ link: Link) -> [OverlayDifference] {
        var faults: [OverlayDifference] = []
        if link.mtu != mtu { faults.append(difference(.setting("MTU"), .wrong("\(link.mtu)"))) }
        if !link.isUp { faults.append(difference(.setting("state"), .wrong("down"))) }
        return faults
    }

    private func difference(
        _ object: OverlayDifference.Object, _ fault: OverlayDifference.Fault
    ) -> OverlayDifference {
        OverlayDifference(.device(device), object, fault)
    }

    /// - Throws: `EEXIST` when another kind of link has the name.
    private func link(on host: inout RouteSocket) throws(SystemError) -> Link? {
        guard let link = try host.link(named: device) else { return nil }
        guard link.kind == .other("tun") else {
            throw SystemError("use tun", device, .exists, explanation: "\"\(device)\" already exists but is no TUN")
        }
        return link
    }
}
