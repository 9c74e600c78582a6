import Addressing
import LinuxSystem
import RouteNetlink

/// The addresses of an overlay's device, and that what comes out of it is passed on.
struct OverlayAddresses {
    /// The device's name.
    let device: String
    /// One of each subnet that the host has, of nobody's link.
    let addresses: [InterfaceAddress]

    init(_ device: String, _ addresses: [IPAddress]) {
        self.device = device
        self.addresses = addresses.compactMap { InterfaceAddress($0, prefixLength: $0.family.bitWidth) }
    }

    /// What has no address is not routed here.
    var families: Set<AddressFamily> { Set(addresses.map(\.address.family)) }

    /// Sees that they are there: exactly these beside those of IPv6's link, since another one would make a route of its own.
    ///
    /// - Parameters:
    ///   - link: the device.
    ///   - host: a socket in the calling thread's namespace.
    ///   - isNew: whether the device has only just been made, of which forwarding is no news.
    ///   - differences: takes what was found otherwise.
    /// - Throws: what the kernel refused.
    func ensure(
        on link: Link, _ host: inout RouteSocket, isNew: Bool, _ differences: inout [OverlayDifference]
    ) throws(SystemError) {
        let faults = faults(try host.addresses(of: link.index))
        differences += faults.surplus.map { difference(.address($0), .surplus) }
        for address in faults.surplus { try host.perform(.delete(address, from: link.index, device)) }
        differences += faults.missing.map { difference(.address($0), .missing) }
        for address in faults.missing {
            try host.perform(.add(address, to: link.index, device, detectsDuplicates: false))
        }
        for family in families where try !host.isForwarding(family, by: link.index) {
            try Sysctl.set("net/\(family == .v4 ? "ipv4" : "ipv6")/conf/\(device)/forwarding", to: "1")
            if !isNew { differences.append(forwardingFault(family)) }
        }
    }

    /// What `ensure` would mend.
    func inspect(on link: Link, _ host: inout RouteSocket) throws(SystemError) -> [OverlayDifference] {
        var differences: [OverlayDifference] = []
        for family in families where try !host.isForwarding(family, by: link.index) {
            differences.append(forwardingFault(family))
        }
        let faults = faults(try host.addresses(of: link.index))
        return differences + faults.surplus.map { difference(.address($0), .surplus) }
            + faults.missing.map { difference(.address($0), .missing) }
    }

    private func faults(
        _ present: [InterfaceAddress]
    ) -> (surplus: [InterfaceAddress], missing: [InterfaceAddress]) {
        (
            present.filter { !$0.address.isLinkLocal && !addresses.contains($0) },
            addresses.filter { !present.contains($0) }
        )
    }

    private func forwardingFault(_ family: AddressFamily) -> OverlayDifference {
        difference(.setting("\(family) forwarding"), .wrong("off"))
    }

    private func difference(
        _ object: OverlayDifference.Object, _ fault: OverlayDifference.Fault
    ) -> OverlayDifference {
        OverlayDifference(.device(device), object, fault)
    }
}
