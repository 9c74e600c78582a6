package import LinuxSystem
package import RouteNetlink

/// What has to be done for an interface to be a bridge's uplink.
package struct UplinkPlan: Sendable {
    package let uplink: Link
    /// Nil where it has to be made.
    package let bridge: Bridge?
    /// What the host has on the interface, and gets on the bridge.
    let settings: HostSettings

    /// Whether there is nothing to do.
    package let isDone: Bool
}

extension Uplink {
    /// Finds out what has to be done, and that it cuts nobody off.
    ///
    /// - Throws: `ENODEV` where there is no such interface; `EBUSY`, `EINVAL`, `EEXIST` with the reason where it cannot be the
    ///   bridge's uplink; what the kernel refused.
    package func plan(on host: inout RouteSocket) throws(SystemError) -> UplinkPlan {
        let (link, bridge) = try find(on: &host)
        if let mtu, mtu > link.mtu {
            throw refusal(link, .invalidArgument, "it lets \(link.mtu) bytes through, and \"mtu\" is \(mtu)")
        }
        if let bridge, link.master == bridge.link.index, !link.isUplink {
            // By an administrator, who gave the bridge its addresses as well.
            return UplinkPlan(uplink: link, bridge: bridge, settings: HostSettings(), isDone: true)
        }
        let settings = try HostSettings(on: link, of: &host)
        if let bridge, link.master == bridge.link.index {
            return UplinkPlan(uplink: link, bridge: bridge, settings: settings, isDone: settings.isEmpty)
        }
        try requireFree(link)
        try settings.requireMovable(from: link)
        // Where it has lost its bridge, what is there is its own.
        if let bridge, !link.isUplink { try requireRoom(on: bridge, for: link, settings, &host) }
        return UplinkPlan(uplink: link, bridge: bridge, settings: settings, isDone: false)
    }

    /// Sees that the interface can be a port without cutting the host off.
    private func requireFree(_ link: Link) throws(SystemError) {
        if link.master != nil {
            throw refusal(
                link, .busy, "it belongs to another interface, as \"master\" in `ip link show \(link.name)` tells")
        }
        switch link.kind {
        case .bridge: throw refusal(link, .invalidArgument, "it is a bridge itself")
        case .vrf: throw refusal(link, .invalidArgument, "it is a VRF")
        case .macvlan, .ipvlan:
            throw refusal(link, .invalidArgument, "it takes the frames of its own MAC address alone")
        default: break
        }
        if link.isLoopback || link.mac == nil {
            throw refusal(link, .invalidArgument, "it is no Ethernet interface")
        }
        if InterfaceKeeper.isWireless(link) {
            throw refusal(link, .invalidArgument, "it is wireless, and takes the frames of one MAC address alone")
        }
        if let keeper = InterfaceKeeper(of: link) {
            throw refusal(
                link, .busy,
                "\(keeper) manages it, and would take back what is moved to the bridge; have it leave the interface alone, "
                    + "or have it make the bridge \(bridgeName) with this interface as a port")
        }
    }

    /// Sees that nothing on the bridge would be taken for the uplink's when that goes.
    private func requireRoom(
        on bridge: Bridge, for link: Link, _ settings: HostSettings, _ host: inout RouteSocket
    ) throws(SystemError) {
        guard bridge.isOurs else {
            throw refusal(
                link, .exists,
                "another program made bridge \(bridgeName); `ip link set \(link.name) master \(bridgeName)` and its addresses "
                    + "are left to that, or name another bridge")
        }
        let present = try HostSettings(on: bridge.link, of: &host)
        let moved = Set(settings.addresses.map(\.address))
        if let other = present.addresses.map(\.address).first(where: { !moved.contains($0) }) {
            throw refusal(
                link, .exists,
                "bridge \(bridgeName) has \(other), which no network of this suite gave it; delete it first")
        }
    }

    func refusal(_ link: Link, _ code: Errno, _ explanation: String) -> SystemError {
        SystemError("use uplink", link.name, code, explanation: explanation)
    }
}

extension UplinkPlan {
    /// A line for each change, for people.
    package func changes(ofBridge name: String) -> [String] {
        guard !isDone else { return [] }
        var lines: [String] = []
        let mac = uplink.mac.map { "\($0)" } ?? "its own"
        lines.append(
            bridge == nil
                ? "make bridge \(name), MAC address \(mac), MTU \(uplink.mtu)"
                : "give bridge \(name) the MAC address \(mac)")
        let addresses = settings.addresses.filter { !$0.isOfLink }.map(\.address)
        lines += addresses.map { "move address \($0) from \(uplink.name) to \(name)" }
        if uplink.master == nil { lines.append("make \(uplink.name) a port of \(name)") }
        lines += settings.routes.map { "move route \($0.route) from \(uplink.name) to \(name)" }
        return lines
    }
}
