import Addressing
package import LinuxSystem
import Netlink
package import RouteNetlink

extension Uplink {
    /// Makes the interface a port of the bridge, which takes over what the host has on it; does nothing when that is done.
    ///
    /// At every moment the host has its addresses and routes: it gets them on the bridge before it loses them on the
    /// interface, and the kernel makes each of the two changes with one call. Neighbours notice nothing, since the bridge has
    /// the interface's MAC address.
    ///
    /// - Parameters:
    ///   - bridge: made by this suite or having the interface as a port, with a port for the container that needs the uplink:
    ///     whoever ends the last other container then leaves the uplink alone.
    ///   - host: the namespace of both.
    /// - Returns: whether anything was changed.
    /// - Throws: as `plan` does, and what the kernel refused; all is as before then.
    package func join(_ bridge: Bridge, on host: inout RouteSocket) throws(SystemError) -> Bool {
        let looking = try FileLock.ofNetworkNamespace(.uplinks, mode: .shared, timeout: Self.timeout)
        let isDone = try plan(on: &host).isDone
        _ = consume looking
        if isDone { return false }
        let lock = try FileLock.ofNetworkNamespace(.uplinks, timeout: Self.timeout)
        let plan = try plan(on: &host)
        guard !plan.isDone else { return false }
        let carrier = try ready(bridge, for: plan.uplink, &host)
        do throws(SystemError) {
            try move(plan, to: bridge, &host)
        } catch {
            try? Self.giveBack(plan.uplink.index, from: bridge, &host)
            guard error.code == .busy else { throw error }
            throw refusal(
                plan.uplink, .busy, "another interface, such as a macvlan, or Open vSwitch takes its frames already")
        }
        _ = consume carrier
        _ = consume lock
        return true
    }

    /// Gives the interface back what the host has on the bridge, unless a container is on it.
    ///
    /// - Parameters:
    ///   - name: of the bridge; where there is none, or none with an uplink of this suite, there is nothing to do.
    ///   - port: of a container that is about to go.
    ///   - host: the namespace of the bridge.
    /// - Throws: what the kernel refused.
    package static func release(
        ofBridge name: String, ignoring port: InterfaceIndex? = nil, on host: inout RouteSocket
    ) throws(SystemError) {
        guard let link = try host.link(named: name) else { return }
        let lock = try FileLock.ofNetworkNamespace(.uplinks, timeout: timeout)
        let ports = try host.links().filter { $0.master == link.index }
        guard let uplink = ports.first(where: \.isUplink),
            !ports.contains(where: { $0.index != uplink.index && $0.index != port && $0.alias != Bridge.alias })
        else { return }
        try giveBack(uplink.index, from: Bridge(link: link), &host)
        _ = consume lock
    }

    /// Milliseconds; a move takes a few.
    private static let timeout = 60_000

    /// Sees that the bridge can pass packets at once: without a port in use the kernel drops what is sent by a bridge, and
    /// finds out about the first port some time after it has come.
    ///
    /// - Returns: what keeps it so for the time being.
    private func ready(
        _ bridge: Bridge, for uplink: Link, _ host: inout RouteSocket
    ) throws(SystemError) -> TemporaryPort? {
        let name = bridge.link.name
        var change = LinkChange()
        change.mac = uplink.mac
        if mtu == nil { change.mtu = uplink.mtu }
        try host.perform(.change(bridge.link.index, name, to: change))
        // Nobody else has the addresses, and routers are heard as before. Where IPv6 is off there is nothing to set.
        try? Sysctl.set("net/ipv6/conf/\(name)/accept_dad", to: "0")
        if let value = try? Sysctl.value(of: "net/ipv6/conf/\(uplink.name)/accept_ra") {
            try? Sysctl.set("net/ipv6/conf/\(name)/accept_ra", to: value)
        }
        guard try host.link(at: bridge.link.index)?.operationalState != .up else { return nil }
        let port = try TemporaryPort(of: bridge, on: &host)
        try VethPair.waitUntilUp(bridge.link, Self.readyDeadline, &host) { () throws(SystemError) in
            try RouteMonitor(.links)
        }
        return port
    }

    /// Milliseconds; the kernel needs one or two.
    private static let readyDeadline = 5000

    private func move(_ plan: UplinkPlan, to bridge: Bridge, _ host: inout RouteSocket) throws(SystemError) {
        let (uplink, settings) = (plan.uplink, plan.settings)
        var port = LinkChange()
        port.master = bridge.link.index
        port.isUp = true
        port.alias = UplinkMark(of: uplink).text
        let present = try HostSettings(on: bridge.link, of: &host)
        var requests = settings.assigning(to: bridge.link, from: uplink)
        requests.append(.change(uplink.index, uplink.name, to: port))
        try host.perform(requests)
        // Until now it has sent by the interface, which still can, and gets by the bridge.
        try host.perform(settings.routing(by: bridge.link, beside: present))
        requests = settings.withdrawing()
        for family in AddressFamily.allCases { requests += settings.unassigning(family, from: uplink) }
        try host.perform(requests)
    }

    /// Moves everything back, however far it has come.
    private static func giveBack(
        _ index: InterfaceIndex, from bridge: Bridge, _ host: inout RouteSocket
    ) throws(SystemError) {
        guard let uplink = try host.link(at: index) else { return }
        let settings = try HostSettings(on: bridge.link, of: &host)
        let present = try HostSettings(on: uplink, of: &host)
        try host.perform(settings.assigning(to: uplink, from: bridge.link))
        var port = LinkChange()
        port.master = .noInterface
        let mark = UplinkMark(of: uplink)
        port.alias = mark.alias ?? ""
        if mark.wasDown { port.isUp = false }
        // IPv6 answers by the interface alone that has the address, IPv4 by any.
        var requests = settings.routing(by: uplink, beside: present)
        requests += settings.withdrawing()
        requests += settings.unassigning(.v4, from: bridge.link)
        requests.append(.change(uplink.index, uplink.name, to: port))
        requests += settings.unassigning(.v6, from: bridge.link)
        try host.perform(requests)
        var own = LinkChange()
        own.mac = MACAddress(locallyAdministeredFrom: .random(in: 0 ... .max))
        try host.perform(.change(bridge.link.index, bridge.link.name, to: own))
        try? Sysctl.set("net/ipv6/conf/\(bridge.link.name)/accept_ra", to: "0")
    }
}

/// A port that a bridge has for as long as this value lives, even if this process is killed.
private struct TemporaryPort: ~Copyable {
    /// The other end is in a namespace that nobody else knows, with which both go.
    private let namespace: NetworkNamespace
    private let name: String

    init(of bridge: Bridge, on host: inout RouteSocket) throws(SystemError) {
        let namespace = try NetworkNamespace.make()
        // It says nothing to the network.
        try namespace.run { () throws(SystemError) in
            try? Sysctl.set("net/ipv6/conf/default/disable_ipv6", to: "1")
        }
        let name = "cni\(UInt32.random(in: 0 ... .max))"
        var port = NewLink(name: name)
        port.master = bridge.link.index
        port.mtu = bridge.link.mtu
        port.hasSingleQueue = true
        port.isUp = true
        // It is no container's.
        var mark = LinkChange()
        mark.alias = Bridge.alias
        try host.create(port, VethPeer(NewLink(name: "port"), in: namespace), then: mark)
        var other = try RouteSocket(in: namespace)
        var up = LinkChange()
        up.isUp = true
        try other.perform(.change(linkNamed: "port", to: up))
        self.namespace = namespace
        self.name = name
    }

    deinit {
        // The kernel takes its time to end a namespace.
        guard var host = try? RouteSocket() else { return }
        _ = try? host.deleteLink(named: name)
    }
}
