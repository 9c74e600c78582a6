public import Addressing
public import LinuxSystem
public import RouteNetlink

/// A container's interface on its way to what the network wants it to be.
public struct ContainerInterface: Sendable {
    public let link: Link

    public init(_ link: Link) {
        self.link = link
    }

    /// Sets the kernel's parameters for the interface, which want to be there before it comes up.
    ///
    /// Duplicate address detection is off unless asked for, since the addresses come from an allocator that gives each
    /// one once. Where the kernel lacks a parameter there is nothing to set.
    ///
    /// - Throws: when the namespace cannot be entered.
    public func prepare(
        detectsDuplicates: Bool, in namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        let name = link.name
        try namespace.run { () throws(SystemError) in
            if detectsDuplicates { try? Sysctl.set("net/ipv6/conf/\(name)/enhanced_dad", to: "1") }
            try? Sysctl.set("net/ipv6/conf/\(name)/accept_dad", to: detectsDuplicates ? "1" : "0")
            try? Sysctl.set("net/ipv4/conf/\(name)/arp_notify", to: "1")
        }
    }

    /// Brings the interface up.
    public func bringUp(in container: inout RouteSocket) throws(SystemError) {
        var up = LinkRequest()
        up.isUp = true
        try container.perform(.change(link.index, link.name, to: up))
    }

    /// Sees that the interface can have IPv6 addresses, and keeps and announces them.
    ///
    /// - Throws: the error of the first parameter that cannot be set.
    public func enableIPv6(in namespace: borrowing NetworkNamespace) throws(SystemError) {
        let name = link.name
        try namespace.run { () throws(SystemError) in
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
    public func configure(
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

    /// Waits until duplicate address detection has come to its end for all addresses (RFC 4862, section 5.4).
    ///
    /// - Throws: `EADDRINUSE` with the address that another interface has; `ETIMEDOUT` when the deadline passes.
    public func waitUntilUnique(
        milliseconds: Int, in container: inout RouteSocket, of namespace: borrowing NetworkNamespace
    ) throws(SystemError) {
        let deadline = MonotonicClock.milliseconds + milliseconds
        var monitor = try RouteMonitor(.ipv6Addresses, in: namespace)
        while true {
            let addresses = try container.assignedAddresses(of: link.index)
            if let duplicate = addresses.first(where: { $0.isDuplicate && !$0.address.address.isLinkLocal }) {
                throw SystemError(
                    "add address", "\(duplicate.address) to \(link.name)", .addressInUse,
                    explanation: "duplicate address detection found it elsewhere on the link")
            }
            let tentative = addresses.filter { $0.isTentative && !$0.address.address.isLinkLocal }
            guard let first = tentative.first else { return }
            guard try monitor.wait(milliseconds: deadline - MonotonicClock.milliseconds) else {
                throw SystemError(
                    "add address", "\(first.address) to \(link.name)", .timedOut,
                    explanation: "duplicate address detection takes longer than \(milliseconds) ms")
            }
        }
    }

    /// Tells the neighbours who has the addresses now, so that they forget who had them before.
    ///
    /// Given its MAC address anew, and with the parameters that `prepare` sets, the kernel sends a gratuitous ARP
    /// request and unsolicited neighbour advertisements. They get no farther than the bridge forwards by then.
    ///
    /// - Throws: what the kernel refused.
    public func announce(in container: inout RouteSocket) throws(SystemError) {
        var same = LinkRequest()
        same.mac = link.mac
        try container.perform(.change(link.index, link.name, to: same))
    }
}
