import Addressing
import LinuxSystem
import RouteNetlink

/// How a device that is there differs from what it should be.
extension VXLANDevice {
    /// What makes it another network's; the kernel refuses to change it.
    func essentialFaults(_ present: VXLANSettings) -> [OverlayDifference] {
        var faults: [OverlayDifference] = []
        if present.id != id { faults.append(difference(.setting("id"), .wrong("\(present.id)"))) }
        if present.port != port { faults.append(difference(.setting("port"), .wrong("\(present.port)"))) }
        if present.group != group { faults.append(difference(.setting("group"), .wrong(text(present.group)))) }
        if let other = present.local, other.family != local.family {
            faults.append(difference(.setting("local address"), .wrong("\(other)")))
        }
        if present.hasGroupPolicy != hasGroupPolicy {
            faults.append(difference(.setting("group policy"), .wrong(present.hasGroupPolicy ? "on" : "off")))
        }
        if present.isSpecial { faults.append(difference(.setting("options"), .surplus)) }
        return faults
    }

    /// What the kernel refuses to change as well, and that traffic may pass in spite of.
    func fixedFaults(_ present: VXLANSettings) -> [OverlayDifference] {
        let (found, wanted) = (present.fixed, VXLANSettings.Fixed())
        let comparisons = [
            ("checksums", found.hasChecksum == wanted.hasChecksum, "off"),
            ("checksums over IPv6", found.omitsChecksum6 == wanted.omitsChecksum6, "off"),
            ("checksums from IPv6", found.requiresChecksum6 == wanted.requiresChecksum6, "not required"),
            ("remote checksum offload", found.offloadsRemotely == wanted.offloadsRemotely, "on"),
            ("ttl", found.inheritsTTL == wanted.inheritsTTL, "inherit"),
            ("greatest number of entries", found.entryLimit == wanted.entryLimit, "\(found.entryLimit)"),
        ]
        return comparisons.filter { !$0.1 }.map { difference(.setting($0.0), .wrong($0.2)) }
    }

    func changeableFaults(_ link: Link, _ present: VXLANSettings) -> [OverlayDifference] {
        var faults: [OverlayDifference] = []
        if link.mac != mac { faults.append(difference(.setting("MAC address"), .wrong(text(link.mac)))) }
        if link.mtu != mtu { faults.append(difference(.setting("MTU"), .wrong("\(link.mtu)"))) }
        if present.local != local, present.local.map({ $0.family == local.family }) != false {
            faults.append(difference(.setting("local address"), .wrong(text(present.local))))
        }
        if present.underlay != underlay { faults.append(difference(.setting("underlay"), .wrong("another"))) }
        if present.isLearning != options.isLearning {
            faults.append(difference(.setting("learning"), .wrong(present.isLearning ? "on" : "off")))
        }
        let (outer, wanted) = (present.outer, VXLANOptions.OuterHeader())
        if outer.ttl != wanted.ttl { faults.append(difference(.setting("ttl"), .wrong("\(outer.ttl)"))) }
        if outer.tos != wanted.tos { faults.append(difference(.setting("tos"), .wrong("\(outer.tos)"))) }
        if outer.df != wanted.df { faults.append(difference(.setting("df"), .wrong("\(outer.df)"))) }
        if outer.ageing != wanted.ageing { faults.append(difference(.setting("ageing"), .wrong("\(outer.ageing)"))) }
        return faults
    }

    func connectionFaults(_ link: Link) -> [OverlayDifference] {
        var faults: [OverlayDifference] = []
        if !link.isUp { faults.append(difference(.setting("state"), .wrong("down"))) }
        if link.master != bridge {
            faults.append(difference(.setting("bridge"), link.master == nil ? .missing : .wrong("another")))
        }
        return faults
    }

    /// What keeps a bridge from passing frames through the device.
    func portFaults(_ link: Link, on host: inout RouteSocket) throws(SystemError) -> [OverlayDifference] {
        guard let bridge, link.master == bridge, let port = link.port else { return [] }
        let open = Self.openPort
        var faults: [OverlayDifference] = []
        for (what, found, wanted) in [
            ("hairpin", port.isHairpin, open.isHairpin), ("isolated", port.isIsolated, open.isIsolated),
            ("locked", port.isLocked, open.isLocked), ("learning", port.isLearning, open.isLearning),
            ("flooding", port.floods, open.floods),
            ("neighbor suppression", port.suppressesNeighbors, open.suppressesNeighbors),
        ] {
            // Nil is what the kernel does not know.
            if let found, found != wanted {
                faults.append(difference(.setting("port's \(what)"), .wrong(found ? "on" : "off")))
            }
        }
        if link.isUp, let state = port.state, state != open.state,
            try host.link(at: bridge)?.bridge?.hasSpanningTree == false
        {
            faults.append(difference(.setting("port's state"), .wrong("\(state)")))
        }
        return faults
    }

    /// A port that everything passes.
    static var openPort: BridgePortOptions {
        var port = BridgePortOptions(isHairpin: false, isIsolated: false)
        port.state = .forwarding
        port.isLocked = false
        port.isLearning = true
        port.floods = true
        port.suppressesNeighbors = false
        return port
    }

    func offloadFault() throws(SystemError) -> OverlayDifference? {
        guard let offloadsChecksum, try ChecksumOffload.isOn(name) != offloadsChecksum else { return nil }
        return difference(.setting("checksum offload"), .wrong(offloadsChecksum ? "off" : "on"))
    }

    private func text(_ value: (some CustomStringConvertible)?) -> String {
        value.map { "\($0)" } ?? "none"
    }

    func difference(
        _ object: OverlayDifference.Object, _ fault: OverlayDifference.Fault
    ) -> OverlayDifference {
        OverlayDifference(.device(name), object, fault)
    }

    /// What may be changed later.
    var options: VXLANOptions {
        switch delivery {
        case .routed(_, let isLearning): VXLANOptions(underlay: underlay, local: local, isLearning: isLearning)
        // Nobody else knows behind which host a container is.
        case .segment: VXLANOptions(underlay: underlay, local: local, isLearning: true)
        }
    }

    var bridge: InterfaceIndex? {
        guard case .segment(let bridge, _) = delivery else { return nil }
        return bridge
    }

    var group: IPAddress? {
        guard case .segment(_, let group) = delivery else { return nil }
        return group
    }

    /// Those of the device, none in a segment.
    var addresses: OverlayAddresses {
        guard case .routed(let addresses, _) = delivery else { return OverlayAddresses(name, []) }
        return OverlayAddresses(name, addresses)
    }

    /// Those that this host serves, none in a segment.
    ///
    /// What it has no address of is not routed here.
    var families: Set<AddressFamily> { addresses.families }
}
