package import Addressing
import CLinux
package import LinuxSystem
package import Netlink

/// A socket for links, addresses and routes of one namespace: rtnetlink(7).
package struct RouteSocket: ~Copyable {
    private var socket: NetlinkSocket

    /// Opens a socket in the calling thread's namespace.
    package init() throws(SystemError) {
        socket = try NetlinkSocket(.route)
    }

    /// Opens a socket in another namespace, to be used from here.
    package init(in namespace: borrowing NetworkNamespace) throws(SystemError) {
        socket = try NetlinkSocket(.route, in: namespace)
    }

    /// Carries out one request.
    package mutating func perform(_ request: NetlinkRequest) throws(SystemError) {
        try socket.perform([request])
    }

    /// Carries out requests in order with few system calls, going on past errors.
    ///
    /// - Throws: the first error.
    package mutating func perform(_ requests: [NetlinkRequest]) throws(SystemError) {
        try socket.perform(requests)
    }

    /// Creates a link and changes it at once, which marks it as its maker's even if this process is killed meanwhile.
    ///
    /// The change goes to the number that the new link is given, so it never hits another link of the name.
    ///
    /// - Throws: `EEXIST` when the name is taken; what the kernel refused.
    package mutating func create(
        _ link: NewLink, _ options: some LinkOptions, then change: LinkChange
    ) throws(SystemError) {
        var link = link
        var isMade = false
        while !isMade {
            let index = InterfaceIndex.unlikely
            link.index = index
            isMade = try performUnlessTaken(
                [index], [.create(link, options), .change(index, link.name, to: change)])
        }
    }

    /// Creates a veth pair in this namespace, and changes both ends alike at once.
    ///
    /// - Throws: as for one link.
    package mutating func createVethPair(
        _ link: NewLink, _ peer: NewLink, then change: LinkChange
    ) throws(SystemError) {
        var (link, peer) = (link, peer)
        var isMade = false
        while !isMade {
            let index = InterfaceIndex.unlikely
            let peerIndex = InterfaceIndex(rawValue: index.rawValue + 1)
            link.index = index
            peer.index = peerIndex
            isMade = try performUnlessTaken(
                [index, peerIndex],
                [
                    .create(link, VethPeer(peer)), .change(index, link.name, to: change),
                    .change(peerIndex, peer.name, to: change),
                ])
        }
    }

    /// Creates with numbers that were chosen blindly.
    ///
    /// They are looked up before: what comes behind the creation would hit the link that has one of them.
    ///
    /// - Returns: false when another link has one of them.
    /// - Throws: what the kernel refused.
    private mutating func performUnlessTaken(
        _ indices: [InterfaceIndex], _ requests: [NetlinkRequest]
    ) throws(SystemError) -> Bool {
        for index in indices where try link(at: index) != nil { return false }
        try perform(requests)
        return true
    }

    /// The link of a name, nil when there is none.
    package mutating func link(named name: String) throws(SystemError) -> Link? {
        var message = NetlinkMessage(type: UInt16(RTM_GETLINK), flags: [], header: LinkHeader())
        message.append(AttributeType(IFLA_IFNAME), string: name)
        message.append(AttributeType(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
        return try link(NetlinkRequest(message, "find link", name))
    }

    /// The link of an index.
    ///
    /// - Parameters:
    ///   - index: in its namespace.
    ///   - namespace: where it is, by this namespace's number for it; nil for this one.
    /// - Returns: nil when there is none.
    /// - Throws: what the kernel answered.
    package mutating func link(
        at index: InterfaceIndex, inNamespace namespace: Int32? = nil
    ) throws(SystemError) -> Link? {
        var message = NetlinkMessage(type: UInt16(RTM_GETLINK), flags: [], header: LinkHeader(index: index))
        message.append(AttributeType(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
        if let namespace { message.append(AttributeType(IFLA_TARGET_NETNSID), namespace) }
        return try link(NetlinkRequest(message, "find link", "\(index.rawValue)"))
    }

    private mutating func link(_ request: NetlinkRequest) throws(SystemError) -> Link? {
        do throws(SystemError) {
            return try socket.query(request) { (_, payload) throws(SystemError) in try Link(reading: payload) }.first
        } catch  where error.code == .noSuchDevice {
            return nil
        }
    }

    /// All links of the namespace.
    package mutating func links() throws(SystemError) -> [Link] {
        var message = NetlinkMessage(type: UInt16(RTM_GETLINK), flags: .dump, header: LinkHeader())
        message.append(AttributeType(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
        return try socket.query(NetlinkRequest(message, "list links")) { (_, payload) throws(SystemError) in
            try Link(reading: payload)
        }
    }

    /// The addresses of an interface, link-local ones included.
    package mutating func addresses(of index: InterfaceIndex) throws(SystemError) -> [InterfaceAddress] {
        try assignedAddresses(of: index).map(\.address)
    }

    /// The addresses of an interface, with what the kernel says of them.
    ///
    /// - Parameters:
    ///   - index: the interface.
    ///   - namespace: where it is, by this namespace's number for it; nil for this one.
    /// - Returns: those of both families, link-local ones included.
    /// - Throws: what the kernel answered.
    package mutating func assignedAddresses(
        of index: InterfaceIndex, inNamespace namespace: Int32? = nil
    ) throws(SystemError) -> [AssignedAddress] {
        var message = NetlinkMessage(type: UInt16(RTM_GETADDR), flags: .dump, header: AddressHeader(index: index))
        if let namespace { message.append(AttributeType(IFA_TARGET_NETNSID), namespace) }
        return try query(NetlinkRequest(message, "list addresses")) { (_, payload) throws(SystemError) in
            // A kernel before 4.20 lists those of all interfaces.
            guard let assigned = try AssignedAddress(reading: payload), assigned.index == index else { return nil }
            return assigned
        }
    }

    /// Sends a request and gathers what its answer holds, as `NetlinkSocket` does.
    mutating func query<Element>(
        _ request: NetlinkRequest, _ decode: (UInt16, Span<UInt8>) throws(SystemError) -> Element?
    ) throws(SystemError) -> [Element] {
        try socket.query(request, decode)
    }

    /// The unicast routes of all tables, one for each next hop.
    package mutating func routes(_ family: AddressFamily) throws(SystemError) -> [Route] {
        let message = NetlinkMessage(type: UInt16(RTM_GETROUTE), flags: .dump, header: RouteHeader(family: family))
        return try socket.query(NetlinkRequest(message, "list routes")) { (_, payload) throws(SystemError) in
            try Route.list(payload).filter { $0.kind == .unicast }
        }.flatMap { $0 }
    }

    /// The routes of the main table, of all kinds, each by the first of its next hops.
    ///
    /// - Parameters:
    ///   - family: of the destinations.
    ///   - device: what packets leave by; nil for any.
    /// - Returns: the routes in the kernel's order.
    /// - Throws: what the kernel answered.
    package mutating func mainRoutes(
        _ family: AddressFamily, by device: InterfaceIndex? = nil
    ) throws(SystemError) -> [Route] {
        var message = NetlinkMessage(
            type: UInt16(RTM_GETROUTE), flags: .dump, header: RouteHeader(family: family))
        message.append(AttributeType(RTA_TABLE.rawValue), Route.mainTable)
        if let device { message.append(AttributeType(RTA_OIF.rawValue), device.rawValue) }
        do throws(SystemError) {
            return try socket.query(NetlinkRequest(message, "list routes")) { (_, payload) throws(SystemError) in
                // A kernel before 4.20 lists those of all tables and devices.
                guard let route = try Route.first(payload), route.table == Route.mainTable,
                    device == nil || route.device == device
                else { return nil }
                return route
            }
        } catch  where error.code == .noSuchFile {
            // The kernel makes the table with its first route.
            return []
        }
    }

    /// What is for this host: the routes of the table of its own addresses, those that are local.
    package mutating func localRoutes(_ family: AddressFamily) throws(SystemError) -> [Route] {
        let message = NetlinkMessage(type: UInt16(RTM_GETROUTE), flags: .dump, header: RouteHeader(family: family))
        return try socket.query(NetlinkRequest(message, "list routes")) { (_, payload) throws(SystemError) in
            try Route.list(payload).filter { $0.kind == .local && $0.table == Route.localTable }
        }.flatMap { $0 }
    }

    /// The addresses of all interfaces.
    ///
    /// - Parameter namespace: whose, by this namespace's number for it; nil for this one.
    /// - Returns: those of both families.
    /// - Throws: what the kernel answered.
    package mutating func addresses(inNamespace namespace: Int32? = nil) throws(SystemError) -> [AssignedAddress] {
        var message = NetlinkMessage(type: UInt16(RTM_GETADDR), flags: .dump, header: AddressHeader())
        if let namespace { message.append(AttributeType(IFA_TARGET_NETNSID), namespace) }
        return try socket.query(NetlinkRequest(message, "list addresses")) { (_, payload) throws(SystemError) in
            try AssignedAddress(reading: payload)
        }
    }

    /// The entries of a table on an interface.
    package mutating func neighbors(
        _ table: Neighbor.Table, on device: InterfaceIndex
    ) throws(SystemError) -> [Neighbor] {
        var message: NetlinkMessage
        switch table {
        case .neighbors:
            message = NetlinkMessage(type: UInt16(RTM_GETNEIGH), flags: .dump, header: NeighborHeader())
            message.append(AttributeType(NDA_IFINDEX), device.rawValue)
        case .forwarding:
            let header = NeighborHeader(family: UInt8(AF_BRIDGE), index: device)
            message = NetlinkMessage(type: UInt16(RTM_GETNEIGH), flags: .dump, header: header)
        }
        return try socket.query(NetlinkRequest(message, "list \(table)")) { (_, payload) throws(SystemError) in
            // A kernel before 4.20 lists those of all interfaces.
            guard let entry = try Neighbor(table, reading: payload), entry.device == device else { return nil }
            return entry
        }
    }

    /// Deletes a link; one that is gone is no error.
    ///
    /// - Returns: false when there was none.
    @discardableResult
    package mutating func deleteLink(named name: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try perform(.delete(linkNamed: name))
            return true
        } catch  where error.code == .noSuchDevice {
            return false
        }
    }
}
