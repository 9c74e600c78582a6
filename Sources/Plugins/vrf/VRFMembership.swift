import Addressing
import CNI
import LinuxSystem
import PluginKit
import RouteNetlink

/// An interface in a VRF, whose table its routes are in.
///
/// The kernel takes an interface down and up again when its master changes. What that takes away is given back: routes, into the
/// other table, and IPv6 addresses unless `keep_addr_on_down` keeps them.
struct VRFMembership: Sendable {
    private let name: String
    private let vrf: Link

    init(of name: String, in vrf: Link) {
        self.name = name
        self.vrf = vrf
    }

    /// Has the interface join, which it may have done already.
    ///
    /// - Throws: code 7 when there is no such interface, or it has another master; what the kernel refused.
    func begin(
        in container: inout ContainerSide, for invocation: Invocation, _ rollback: inout Rollback
    ) throws {
        guard let link = try container.socket.link(named: name) else {
            throw CNIError(.invalidConfiguration, "could not get link by name \(name): Link not found")
        }
        if let master = link.master, master != .noInterface {
            guard master != vrf.index else { return }
            let other = try container.socket.link(at: master)?.name ?? "\(master.rawValue)"
            throw CNIError(.invalidConfiguration, "interface \(name) has already a master set: \(other)")
        }
        let settings = try Settings(of: link, in: &container.socket)
        rollback.register("take \(name) out of \(vrf.name)") {
            guard let namespace = invocation.namespaceIfPresent() else { return }
            var container = try RouteSocket(in: namespace)
            try settings.restore(on: link, withMaster: .noInterface, table: nil, in: &container)
        }
        try settings.restore(on: link, withMaster: vrf.index, table: vrf.vrf?.table, in: &container.socket)
    }

    /// Has the interface leave, if it is there.
    func end(in container: inout RouteSocket) throws(SystemError) {
        guard let link = try container.link(named: name), link.master == vrf.index else { return }
        var alone = LinkChange()
        alone.master = .noInterface
        try container.perform(.change(link.index, name, to: alone))
    }

    /// What an interface loses when its master changes.
    private struct Settings: Sendable {
        private let addresses: [InterfaceAddress]
        /// Those that the kernel does not make by itself, on the link before by gateways on it.
        private let routes: [Route]

        init(of link: Link, in socket: inout RouteSocket) throws(SystemError) {
            addresses = try socket.addresses(of: link.index).filter {
                $0.address.family == .v6 && !$0.address.isLinkLocal
            }
            let all = try socket.routes(.v4) + socket.routes(.v6)
            let own = all.filter { $0.device == link.index && $0.table == Route.mainTable && $0.origin != .kernel }
            routes = own.filter { $0.gateway == nil } + own.filter { $0.gateway != nil }
        }

        func restore(
            on link: Link, withMaster master: InterfaceIndex, table: UInt32?, in socket: inout RouteSocket
        ) throws(SystemError) {
            var change = LinkChange()
            change.master = master
            try socket.perform(.change(link.index, link.name, to: change))
            let present = try socket.addresses(of: link.index)
            let lost = addresses.filter { !present.contains($0) }
            try socket.perform(
                lost.map { .add($0, to: link.index, link.name, detectsDuplicates: false) }
                    + routes.map { route in
                        var route = route
                        route.table = table
                        return .replace(route)
                    })
        }
    }
}
