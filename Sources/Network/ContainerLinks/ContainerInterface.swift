package import Addressing
package import LinuxSystem
package import RouteNetlink

/// A container's interface on its way to what the network wants it to be.
package struct ContainerInterface: Sendable {
    package let link: Link

    package init(_ link: Link) {
        self.link = link
    }

    /// Brings the interface up.
    ///
    /// - Parameters:
    ///   - announcesAddresses: whether `announce` is to have an effect.
    ///   - detectsDuplicates: whether IPv6 addresses, that of the link included, are looked for elsewhere before use
    ///     (RFC 4862, section 5.4); where the kernel lacks it there is nothing to set.
    ///   - container: a socket in the container's namespace.
    ///   - namespace: the container's namespace.
    /// - Throws: what the kernel refused.
    package func bringUp(
        announcesAddresses: Bool, detectsDuplicates: Bool, in container: inout RouteSocket,
        of namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        let name = link.name
        if detectsDuplicates {
            try namespace.run { () throws(SystemError) in
                try? Sysctl.set("net/ipv6/conf/\(name)/enhanced_dad", to: "1")
                try? Sysctl.set("net/ipv6/conf/\(name)/accept_dad", to: "1")
            }
        }
        var up = LinkChange()
        up.isUp = true
        if announcesAddresses { up.announcesAddresses = true }
        try container.perform(.change(link.index, name, to: up))
    }

    /// Sees that the interface can have IPv6 addresses, and keeps and announces them.
    ///
    /// Duplicate address detection is off unless asked for, since the addresses come from an allocator that gives each
    /// one once.
    ///
    /// - Throws: the error of the first parameter that cannot be set.
    package func enableIPv6(
        detectsDuplicates: Bool, in namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        let name = link.name
        try namespace.run { () throws(SystemError) in
            if !detectsDuplicates { try? Sysctl.set("net/ipv6/conf/\(name)/accept_dad", to: "0") }
            for device in ["lo", name] {
                try Sysctl.ensure("net/ipv6/conf/\(device)/disable_ipv6", is: "0")
            }
            try Sysctl.set("net/ipv6/conf/\(name)/keep_addr_on_down", to: "1")
            try Sysctl.set("net/ipv6/conf/\(name)/ndisc_notify", to: "1")
        }
    }

    /// Gives the interface, which is up, its addresses and then its routes, with one system call.
    ///
    /// - Throws: the first thing that the kernel refused.
    package func configure(
        addresses: [InterfaceAddress], routes: [Route], detectsDuplicates: Bool, in container: inout RouteSocket
    ) throws(SystemError) {
        let routes = routes.map { route in
            var route = route
            route.device = link.index
            return route
        }
        try container.perform(
            addresses.map { .add($0, to: link.index, link.name, detectsDuplicates: detectsDuplicates) }
                + routes.map { .add($0) })
    }

    /// Brings the interface up with its addresses and gives it its routes.
    ///
    /// With the parameters that `enableIPv6` sets, the kernel tells the neighbours who has the addresses, as `announce` has
    /// it do: of IPv4 ones when the interface comes up, of an IPv6 one when an interface that is up has got it.
    ///
    /// - Throws: the first thing that the kernel refused.
    package func bringUp(
        addresses: [InterfaceAddress], routes: [Route], alias: String, in container: inout RouteSocket
    ) throws(SystemError) {
        // A request that does both at once would bring it up first.
        var mark = LinkChange()
        mark.alias = alias
        if !addresses.isEmpty { mark.announcesAddresses = true }
        var up = LinkChange()
        up.isUp = true
        let routes = routes.map { route in
            var route = route
            route.device = link.index
            return route
        }
        let early = addresses.filter { $0.address.family == .v4 }
        let late = addresses.filter { $0.address.family == .v6 }
        try container.perform(
            [.change(link.index, link.name, to: mark)]
                + early.map { .add($0, to: link.index, link.name, detectsDuplicates: false) }
                + [.change(link.index, link.name, to: up)])
        // What is marked as not to be looked for elsewhere is not announced; without the mark `accept_dad` decides.
        try container.perform(
            late.map { .add($0, to: link.index, link.name, detectsDuplicates: true) } + routes.map { .add($0) })
    }

    /// Waits until the addresses can be used.
    ///
    /// - Throws: `EADDRINUSE` with the address that another interface has; `ETIMEDOUT` when the deadline passes.
    package func waitUntilUsable(
        _ addresses: [InterfaceAddress], milliseconds: Int, in container: inout RouteSocket,
        of namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        try container.waitUntilUsable(addresses, on: link, milliseconds: milliseconds) {
            () throws(SystemError) in try RouteMonitor(.ipv6Addresses, in: namespace)
        }
    }

    /// Tells the neighbours who has the addresses now, so that they forget who had them before.
    ///
    /// Given its MAC address anew, and with the parameters that `bringUp` and `enableIPv6` set, the kernel sends a gratuitous ARP
    /// request and unsolicited neighbour advertisements. They get no farther than the bridge forwards by then.
    ///
    /// - Throws: what the kernel refused.
    package func announce(in container: inout RouteSocket) throws(SystemError) {
        var same = LinkChange()
        same.mac = link.mac
        try container.perform(.change(link.index, link.name, to: same))
    }
}
