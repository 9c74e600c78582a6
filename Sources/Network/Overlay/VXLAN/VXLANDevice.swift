package import Addressing
import LinuxSystem
package import RouteNetlink

/// A host's end of a VXLAN, RFC 7348, as it should be.
package struct VXLANDevice: Hashable, Sendable {
    package let name: String
    /// The network identifier, 24 bits.
    package let id: UInt32
    /// The UDP port of all hosts.
    package let port: UInt16
    /// The link that packets leave by.
    package let underlay: InterfaceIndex
    /// The address that packets come from.
    package let local: IPAddress
    package let mac: MACAddress
    /// Bytes of payload in an inner frame.
    package let mtu: UInt32
    package let delivery: Delivery
    /// Whether checksums are left to the link below; nil leaves it as it is.
    package let offloadsChecksum: Bool?
    /// Whether packets carry the group of a policy (`gbp` of ip-link(8)), which all hosts have to agree on.
    package let hasGroupPolicy: Bool
    /// Whether every VXLAN of the name is this overlay's, and not only one that was made here: flannel gives its devices
    /// no mark, and nobody else a name such as `flannel.1`.
    package let takesOver: Bool

    /// How frames get from one host's containers to another's.
    package enum Delivery: Hashable, Sendable {
        /// By routes to a subnet of each host, of which the device has one address.
        ///
        /// A device that learns takes the senders of frames for their hosts, beside the entries that it is given.
        case routed(addresses: [IPAddress], isLearning: Bool = false)
        /// By a bridge that the device is a port of; broadcast goes to each peer, or to a multicast group.
        case segment(bridge: InterfaceIndex, group: IPAddress?)
    }

    /// The port of Linux, older than the one that RFC 7348 was given.
    package static let defaultPort: UInt16 = 8472

    package init(
        name: String, id: UInt32, port: UInt16 = defaultPort, underlay: InterfaceIndex, local: IPAddress,
        mac: MACAddress, mtu: UInt32, delivery: Delivery, offloadsChecksum: Bool? = nil, hasGroupPolicy: Bool = false,
        takesOver: Bool = false
    ) {
        self.name = name
        self.id = id
        self.port = port
        self.underlay = underlay
        self.local = local
        self.mac = mac
        self.mtu = mtu
        self.delivery = delivery
        self.offloadsChecksum = offloadsChecksum
        self.hasGroupPolicy = hasGroupPolicy
        self.takesOver = takesOver
    }

    /// The bytes that are put around an inner frame's payload: its Ethernet header, VXLAN, UDP and IP.
    package static func overhead(over underlay: AddressFamily) -> UInt32 {
        switch underlay {
        case .v4: 14 + 8 + 8 + 20
        case .v6: 14 + 8 + 8 + 40
        }
    }

    /// Sees that the device is there and as it should be; works on the calling thread's namespace.
    ///
    /// What the kernel lets be changed is changed; for the rest, a device that was made here is deleted and made anew,
    /// with which its routes, neighbours and forwarding entries are gone. One of another program is never deleted: it is
    /// used if it has the id, port and addresses, and refused if not.
    ///
    /// - Parameters:
    ///   - host: a socket in the calling thread's namespace.
    ///   - differences: takes what was found otherwise.
    /// - Returns: the device as it is now.
    /// - Throws: `EEXIST` when another kind of link has the name, a VXLAN of another program that will not do, or another
    ///   device the id and port; what the kernel refused.
    func ensure(
        on host: inout RouteSocket, _ differences: inout [OverlayDifference]
    ) throws(SystemError) -> Link {
        var link = try ensureLink(on: &host, &differences)
        prepareParameters()
        // A device that was only just made is no news any more.
        let isNew = differences.contains(difference(.link, .missing))
        let faults = connectionFaults(link)
        if !faults.isEmpty {
            if !isNew { differences += faults }
            link = try connect(link, on: &host)
        }
        let portFaults = try portFaults(link, on: &host)
        if !portFaults.isEmpty {
            if !isNew && faults.isEmpty { differences += portFaults }
            try pass(link, on: &host)
        }
        try addresses.ensure(on: link, &host, isNew: isNew, &differences)
        try ensureOffload(&differences)
        return link
    }

    private func ensureLink(
        on host: inout RouteSocket, _ differences: inout [OverlayDifference]
    ) throws(SystemError) -> Link {
        guard let (link, present) = try present(on: &host) else {
            differences.append(difference(.link, .missing))
            return try create(on: &host)
        }
        let essential = essentialFaults(present)
        let fixed = fixedFaults(present)
        let changeable = changeableFaults(link, present)
        guard takesOver || link.alias == Self.alias else {
            guard essential.isEmpty else { throw foreign(essential) }
            differences += fixed.map(\.kept) + changeable
            return changeable.isEmpty ? link : try change(link, on: &host)
        }
        if essential.isEmpty && fixed.isEmpty {
            differences += changeable
            return changeable.isEmpty ? link : try change(link, on: &host)
        }
        differences += essential + fixed + changeable
        try host.deleteLink(named: name)
        differences.append(difference(.link, .missing))
        return try create(on: &host)
    }

    /// What the alias of a device is that was made here.
    private static let alias = "cni vxlan"

    private func foreign(_ faults: [OverlayDifference]) -> SystemError {
        let list = faults.map(\.finding).joined(separator: ", ")
        return SystemError(
            "use vxlan", name, .exists,
            explanation: "another program made it, and it will not do (\(list)); delete it, or use another name")
    }

    private func create(on host: inout RouteSocket) throws(SystemError) -> Link {
        var request = NewLink(name: name)
        // With an address from the start, nobody else finds a reason to give it one.
        request.mac = mac
        request.mtu = mtu
        var options = options
        options.id = id
        options.port = port
        options.group = group
        options.hasGroupPolicy = hasGroupPolicy
        do throws(SystemError) {
            var mark = LinkChange()
            mark.alias = Self.alias
            try host.create(request, options, then: mark)
        } catch  where error.code == .exists {
            var error = error
            let cause = error.explanation.map { "\($0); " } ?? ""
            error.explanation = cause + "delete that device, or use another id or port"
            throw error
        }
        return try link(on: &host)
    }

    private func change(_ link: Link, on host: inout RouteSocket) throws(SystemError) -> Link {
        var change = LinkChange()
        change.mac = mac
        change.mtu = mtu
        // The kernel takes no MTU together with options.
        var first = LinkChange()
        var options = options
        options.outer = VXLANOptions.OuterHeader()
        first.options = options
        try host.perform([.change(link.index, name, to: first), .change(link.index, name, to: change)])
        return try self.link(on: &host)
    }

    /// Makes the link a port of the bridge, or none, and brings it up.
    private func connect(_ link: Link, on host: inout RouteSocket) throws(SystemError) -> Link {
        var change = LinkChange()
        change.isUp = true
        change.master = bridge ?? InterfaceIndex.noInterface
        try host.perform(.change(link.index, name, to: change))
        return try self.link(on: &host)
    }

    private func link(on host: inout RouteSocket) throws(SystemError) -> Link {
        guard let link = try host.link(named: name) else { throw SystemError("find vxlan", name, .noSuchDevice) }
        return link
    }

    /// The device takes no advice from routers, and IPv6 where it has addresses of it.
    private func prepareParameters() {
        // Where IPv6 is off there is nothing to switch off; an address that cannot be added says why.
        try? Sysctl.ensure("net/ipv6/conf/\(name)/accept_ra", is: "0")
        guard families.contains(.v6) else { return }
        try? Sysctl.ensure("net/ipv6/conf/\(name)/disable_ipv6", is: "0")
    }

    /// Has the bridge pass everything through the port.
    private func pass(_ link: Link, on host: inout RouteSocket) throws(SystemError) {
        var change = LinkChange()
        var port = Self.openPort
        // The state of other ports is not asked for, since the kernel refuses that where a protocol decides on it.
        if link.port?.state == .forwarding { port.state = nil }
        change.port = port
        try host.perform(.change(link.index, name, to: change))
    }

    private func ensureOffload(_ differences: inout [OverlayDifference]) throws(SystemError) {
        guard let offloadsChecksum, let fault = try offloadFault() else { return }
        try ChecksumOffload.set(name, on: offloadsChecksum)
        differences.append(fault)
    }
}

extension VXLANDevice {
    /// Compares the device with what it should be, and changes nothing.
    ///
    /// - Returns: the device, nil where there is none, and what differs.
    /// - Throws: `EEXIST` when another kind of link has the name.
    func inspect(
        on host: inout RouteSocket
    ) throws(SystemError) -> (link: Link?, differences: [OverlayDifference]) {
        guard let (link, present) = try present(on: &host) else { return (nil, [difference(.link, .missing)]) }
        var differences = essentialFaults(present) + fixedFaults(present) + changeableFaults(link, present)
        differences += connectionFaults(link)
        differences += try portFaults(link, on: &host)
        differences += try addresses.inspect(on: link, &host)
        if let fault = try offloadFault() { differences.append(fault) }
        return (link, differences)
    }

    /// - Throws: `EEXIST` when another kind of link has the name.
    private func present(on host: inout RouteSocket) throws(SystemError) -> (link: Link, settings: VXLANSettings)? {
        guard let link = try host.link(named: name) else { return nil }
        guard case .vxlan(let settings) = link.kind else {
            throw SystemError("use vxlan", name, .exists, explanation: "\"\(name)\" already exists but is not a VXLAN")
        }
        return (link, settings)
    }
}
