public import Addressing
public import LinuxSystem
public import RouteNetlink

/// A Linux bridge that containers hang on.
public struct Bridge: Sendable {
    public let link: Link

    /// Takes the bridge of a name, making it when there is none, and sees that it is up.
    ///
    /// A new one gets a MAC address of its own from the start, so that it never follows its ports'.
    ///
    /// - Parameters:
    ///   - name: of the interface.
    ///   - mtu: for a new bridge only.
    ///   - isPromiscuous: switched on when asked for, and never off.
    ///   - host: the namespace that it is in.
    /// - Returns: the bridge as it was found or made.
    /// - Throws: `EEXIST` when another kind of link has the name; what the kernel refused.
    public static func ensure(
        _ name: String, mtu: UInt32?, isPromiscuous: Bool, on host: inout RouteSocket
    ) throws(SystemError) -> Bridge {
        let existing = try host.link(named: name)
        let link = if let existing { existing } else { try create(name, mtu: mtu, on: &host) }
        guard link.kind == "bridge" else {
            throw SystemError(
                "use bridge", name, .exists, explanation: "\"\(name)\" already exists but is not a bridge")
        }
        var change = LinkRequest()
        if !link.isUp { change.isUp = true }
        if isPromiscuous && !link.isPromiscuous { change.isPromiscuous = true }
        if change.isUp != nil || change.isPromiscuous != nil {
            try host.perform(.change(link.index, name, to: change))
        }
        return Bridge(link: link)
    }

    private static func create(
        _ name: String, mtu: UInt32?, on host: inout RouteSocket
    ) throws(SystemError) -> Link {
        var request = LinkRequest(name: name)
        request.mtu = mtu
        request.mac = MACAddress(locallyAdministeredFrom: .random(in: 0 ... .max))
        do throws(SystemError) {
            try host.perform(.createBridge(request))
        } catch  where error.code == .exists {
            // Another plugin was faster; its bridge is as good.
        }
        // Where IPv6 is off there is nothing to switch off.
        try? Sysctl.set("net/ipv6/conf/\(name)/accept_ra", to: "0")
        guard let link = try host.link(named: name) else { throw SystemError("find bridge", name, .noSuchDevice) }
        return link
    }

    /// Sees that the bridge has an address, as the gateway of its network.
    ///
    /// IPv4 has room for one network, IPv6 for several that do not overlap.
    ///
    /// - Parameters:
    ///   - address: the gateway's.
    ///   - replacesOthers: whether an address in the way is deleted.
    ///   - host: the namespace that it is in.
    /// - Throws: `EEXIST` when another address is in the way.
    public func ensureAddress(
        _ address: InterfaceAddress, replacingOthers replacesOthers: Bool, on host: inout RouteSocket
    ) throws(SystemError) {
        let present = try host.addresses(of: link.index).filter { $0.address.family == address.address.family }
        guard !present.contains(address) else { return }
        let inTheWay = present.filter { other in
            address.address.family == .v4 || other.network.overlaps(address.network)
        }
        guard inTheWay.isEmpty || replacesOthers else {
            let list = inTheWay.map { "\($0)" }.joined(separator: ", ")
            throw SystemError(
                "add address \(address) to bridge", link.name, .exists,
                explanation: "it already has \(list), which is another network; set \"forceAddress\": true to "
                    + "replace it, or delete the address")
        }
        for other in inTheWay {
            try host.perform(.delete(other, from: link.index, link.name))
        }
        do throws(SystemError) {
            try host.perform(.add(address, to: link.index, link.name, detectsDuplicates: false))
        } catch  where error.code == .exists {
            // Another plugin was faster.
        }
        try pinMAC(on: &host)
    }

    /// Keeps a bridge that others made from following its ports' MAC addresses, now that it is a gateway.
    private func pinMAC(on host: inout RouteSocket) throws(SystemError) {
        var change = LinkRequest()
        let current = link.mac.flatMap { $0.isZero ? nil : $0 }
        change.mac = current ?? MACAddress(locallyAdministeredFrom: .random(in: 0 ... .max))
        try host.perform(.change(link.index, link.name, to: change))
    }
}
