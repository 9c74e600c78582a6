package import LinuxSystem
package import RouteNetlink

/// The VLANs that a bridge's port is to be in.
package struct PortVLANs: Hashable, Sendable {
    /// The VLAN of untagged frames; nil where there is none of its own, and then it is VLAN 1 beside tagged ones.
    package let untagged: UInt16?
    /// The VLANs whose frames carry a tag, in their order, each once.
    package let tagged: [UInt16]
    /// Whether the port leaves all others, such as the bridge's default VLAN.
    package let leavesOthers: Bool

    /// - Parameters:
    ///   - untagged: 1 to 4094, or nil.
    ///   - tagged: 1 to 4094 each; the untagged one among them stays untagged.
    ///   - leavesOthers: whether the port is to be in no other VLAN.
    package init(untagged: UInt16?, tagged: [UInt16], leavesOthers: Bool) {
        let native = untagged ?? (tagged.isEmpty ? nil : Self.defaultVLAN)
        self.untagged = native
        self.tagged = Set(tagged).subtracting(native.map { [$0] } ?? []).sorted()
        self.leavesOthers = leavesOthers
    }

    /// What the kernel puts new ports into.
    private static let defaultVLAN: UInt16 = 1

    private var wanted: [BridgeVLAN] {
        let native = untagged.map { [BridgeVLAN($0, isPortVLAN: true, isUntagged: true)] } ?? []
        return native + tagged.map { BridgeVLAN($0) }
    }

    /// Puts a port into the VLANs; writes nothing when it is in them.
    ///
    /// - Throws: `EOPNOTSUPP` where the kernel has no VLAN filtering.
    package func ensure(onPort port: Link, on host: inout RouteSocket) throws(SystemError) {
        let difference = try difference(onPort: port, on: &host)
        if !difference.extra.isEmpty {
            try host.perform(.delete(difference.extra, fromPort: port.index, port.name))
        }
        if !difference.missing.isEmpty {
            try host.perform(.add(difference.missing, toPort: port.index, port.name))
        }
    }

    /// What keeps a port's VLANs from being these.
    ///
    /// - Returns: those that it is in as it should not be, and those that it is not in as it should be.
    /// - Throws: `EOPNOTSUPP` where the kernel has no VLAN filtering.
    package func difference(
        onPort port: Link, on host: inout RouteSocket
    ) throws(SystemError) -> (extra: [BridgeVLAN], missing: [BridgeVLAN]) {
        let wanted = wanted
        guard !wanted.isEmpty else { return ([], []) }
        let present = try host.vlans(of: port.index, port.name)
        let ids = Set(wanted.map(\.id))
        return (
            leavesOthers ? present.filter { !ids.contains($0.id) } : [], wanted.filter { !present.contains($0) }
        )
    }
}
