package import LinuxSystem
package import RouteNetlink

/// The interface that the host has in one VLAN of a bridge: one end of a veth pair, whose other end is a port.
package enum VLANGateway {
    /// What the interface is called: `cni0.100`.
    package static func name(bridge: String, vlan: UInt16) -> String {
        "\(bridge).\(vlan)"
    }

    /// Takes the interface, making it when there is none, and sees that it is up and its port in the VLAN.
    ///
    /// Like the bridge it stays when the containers go.
    ///
    /// - Parameters:
    ///   - bridge: what the port is on.
    ///   - vlan: 1 to 4094.
    ///   - leavesDefaultVLAN: whether the port is in no other VLAN.
    ///   - portName: of the port, if it has to be made.
    ///   - host: the namespace that the bridge is in.
    /// - Returns: the interface.
    /// - Throws: `EEXIST` when another kind of link has the name; `EOPNOTSUPP` where the kernel has no VLAN filtering.
    package static func ensure(
        on bridge: Bridge, vlan: UInt16, leavesDefaultVLAN: Bool, portName: String, host: inout RouteSocket
    ) throws(SystemError) -> Link {
        let name = name(bridge: bridge.link.name, vlan: vlan)
        if try host.link(named: name) == nil { try create(name, portName, on: bridge, &host) }
        guard let link = try host.link(named: name) else { throw SystemError("find link", name, .noSuchDevice) }
        guard let index = link.peer?.index, let port = try host.link(at: index),
            port.master == bridge.link.index
        else {
            throw SystemError(
                "use VLAN gateway", name, .exists,
                explanation: "\"\(name)\" already exists and does not lead to bridge \(bridge.link.name)")
        }
        let vlans = PortVLANs(untagged: vlan, tagged: [], leavesOthers: leavesDefaultVLAN)
        try vlans.ensure(onPort: port, on: &host)
        var up = LinkChange()
        up.isUp = true
        let down = [port, link].filter { !$0.isUp }
        try host.perform(down.map { .change($0.index, $0.name, to: up) })
        return link
    }

    /// Both ends at once and down: no frame passes before the VLAN is set.
    private static func create(
        _ name: String, _ portName: String, on bridge: Bridge, _ host: inout RouteSocket
    ) throws(SystemError) {
        var port = NewLink(name: portName)
        port.mtu = bridge.link.mtu
        port.master = bridge.link.index
        port.transmitQueueLength = 0
        port.hasSingleQueue = true
        var gateway = NewLink(name: name)
        gateway.mtu = bridge.link.mtu
        gateway.hasSingleQueue = true
        var mark = LinkChange()
        mark.alias = Bridge.alias
        do throws(SystemError) {
            try host.createVethPair(port, gateway, then: mark)
        } catch  where error.code == .exists {
            // Another plugin was faster.
        }
        for end in [name, portName] { try? Sysctl.set("net/ipv6/conf/\(end)/accept_ra", to: "0") }
    }
}
