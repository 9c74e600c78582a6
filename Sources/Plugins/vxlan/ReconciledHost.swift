import Addressing
import CNI
import ContainerLinks
import LinuxSystem
import NodeTable
import Overlay
import RouteNetlink

/// This host, where the kernel's state is what the table of nodes says, and the plugin that containers are left to.
struct ReconciledHost {
    let site: OverlaySite
    let delegate: DelegateConfiguration
    private let overlay: VXLANOverlay

    /// Reads the table, and makes the kernel's state what it says, with no other process doing the same meanwhile.
    ///
    /// - Parameters:
    ///   - input: what this plugin was given.
    ///   - verify: throws when nothing is to be changed after all.
    /// - Throws: what `verify` does; code 7 when the configuration, the table or this host's place in it will not do, 11
    ///   when another process takes too long; what the kernel refused.
    init(_ input: NetworkConfiguration, verify: (OverlaySite) throws -> Void = { _ in }) throws {
        do {
            let lock = try OverlayLock()
            var host = try RouteSocket()
            site = try OverlaySite(reading: input.reader, on: &host)
            delegate = try DelegateConfiguration(input, site.configuration, on: site.node, mtu: site.mtu)
            // Without a plugin to hand containers to, there is no reason to change anything.
            _ = try delegate.delegate(for: input)
            try verify(site)
            try Self.yieldGateways(of: site, delegate, on: &host)
            try Self.ensureMTU(of: delegate, on: &host)
            let bridge = try Self.ensureBridge(of: site, on: &host)
            overlay = site.overlay(bridge: bridge)
            Self.report(try overlay.reconcile(on: &host, holding: lock))
        } catch let error as SystemError where [.timedOut, .interrupted].contains(error.code) {
            throw CNIError(.tryAgainLater, "\(error)")
        }
    }

    /// Sees that there is the bridge that a segment hangs on.
    ///
    /// - Returns: nil where there are routes instead.
    /// - Throws: as `Bridge.ensure` does.
    private static func ensureBridge(
        of site: OverlaySite, on host: inout RouteSocket
    ) throws(SystemError) -> InterfaceIndex? {
        guard let name = site.configuration.bridge else { return nil }
        let options = Bridge.Options(name: name, mtu: site.mtu, isPromiscuous: false, filtersVLANs: false)
        return try Bridge.ensure(options, on: &host).link.index
    }

    /// Has the bridge follow the underlay as the device does.
    private static func ensureMTU(
        of delegate: DelegateConfiguration, on host: inout RouteSocket
    ) throws(SystemError) {
        guard let bridge = delegate.bridge, let mtu = delegate.mtu, mtu > 0,
            let former = try Bridge.ensureMTU(mtu, of: bridge, on: &host)
        else { return }
        StandardStreams.log("bridge \(bridge): MTU wrong (\(former)), corrected")
    }

    /// Takes the gateways of subnets that are other hosts' now out of the way of what leads there.
    private static func yieldGateways(
        of site: OverlaySite, _ delegate: DelegateConfiguration, on host: inout RouteSocket
    ) throws(SystemError) {
        guard site.configuration.mode.isRouted, let bridge = delegate.bridge else { return }
        let subnets = site.nodes.lazy.filter { $0.publicIP != site.node.publicIP }.flatMap(\.subnets)
        for interface in delegate.gatewayInterfaces {
            let yielding = try GatewayAddress.yield(
                to: Array(subnets), markingRoutes: .overlay, on: interface, of: bridge, on: &host,
                holding: GatewayLock())
            for address in yielding.deleted {
                StandardStreams.log(
                    "address \(address) of \(interface) surplus, removed: another host has its subnet")
            }
            for address in yielding.kept {
                StandardStreams.log(
                    "address \(address) of \(interface) stays for the containers that use it, though another host has "
                        + "its subnet; it goes with them")
            }
        }
    }

    /// The interface by which this host sees the containers' packets come in; nil where another is their gateway.
    func packetInput() throws(SystemError) -> String? {
        guard let name = delegate.gatewayInterface else { return nil }
        var host = try RouteSocket()
        guard let link = try host.link(named: name) else { return name }
        return try host.packetInput(of: link)
    }

    /// Tells on standard error which subnets of other hosts do not concern this one.
    func reportUnserved() {
        let subnets = overlay.unservedSubnets
        guard let first = subnets.first else { return }
        let more = subnets.count > 1 ? ", and \(subnets.count - 1) more" : ""
        StandardStreams.log(
            "subnet \(first.subnet) of peer \(first.peer.endpoint) not routed, since this host has no "
                + "\(first.subnet.family) subnet\(more)")
    }

    /// Tells on standard error what was mended, the first of it when there is much.
    private static func report(_ differences: [OverlayDifference]) {
        let limit = 20
        for difference in differences.prefix(limit) { StandardStreams.log("\(difference)") }
        if differences.count > limit { StandardStreams.log("and \(differences.count - limit) more") }
    }
}
