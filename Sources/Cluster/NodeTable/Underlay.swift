import Addressing
import JSON
import LinuxSystem
import Overlay
package import RouteNetlink

/// The network that carries the overlay's packets, as this host sees it.
package struct Underlay {
    package let link: Link
    /// The address that this host's packets come from.
    let local: IPAddress
    /// What the link reaches without a router.
    let networks: [CIDR]
    /// The addresses of all hosts on the link at once.
    private let broadcasts: [IPAddress]

    /// Finds the interface of this host's node.
    ///
    /// - Parameters:
    ///   - name: of the interface; nil for the one with the node's public address.
    ///   - publicIP: the node's, which behind a translator is not this host's.
    ///   - addresses: all of this host's.
    ///   - host: a socket on this host.
    /// - Throws: `JSONError` when there is none; what the kernel refused to tell.
    init(
        _ name: String?, of publicIP: IPAddress, among addresses: [AssignedAddress], on host: inout RouteSocket
    ) throws {
        let own = addresses.first { $0.address.address == publicIP }
        if let name {
            guard let link = try host.link(named: name) else {
                throw JSONError(path: "iface", message: "this host has no interface \"\(name)\"")
            }
            self.link = link
        } else {
            guard let own, let link = try host.link(at: own.index) else {
                throw JSONError(
                    path: "nodes",
                    message: "\(publicIP) is no address of this host; set \"iface\" to the interface to the other "
                        + "hosts")
            }
            guard !link.isLoopback else {
                throw JSONError(
                    path: "nodes",
                    message: "\(publicIP) is an address of \(link.name); set \"iface\" to the interface to the other "
                        + "hosts")
            }
            self.link = link
        }
        let index = link.index
        let onLink = addresses.filter {
            $0.index == index && $0.address.address.family == publicIP.family && !$0.address.address.isLinkLocal
        }.map(\.address)
        guard let local = own?.address.address ?? onLink.first?.address else {
            throw JSONError(path: "iface", message: "\(link.name) has no \(publicIP.family) address")
        }
        self.local = local
        networks = onLink.map(\.network)
        broadcasts = onLink.compactMap(\.broadcast)
    }

    /// - Throws: an error with the place of a node whose address is that of all hosts on the link.
    func requireHosts(_ nodes: [Node]) throws(JSONError) {
        guard let node = nodes.first(where: { broadcasts.contains($0.publicIP) }) else { return }
        throw JSONError(
            path: node.place, message: "publicIP: \(node.publicIP) is the broadcast address of \(link.name)'s network")
    }

    /// Whether packets may leave by it; a link that knows nothing of carriers is taken to have one.
    package var isUp: Bool {
        guard link.isUp else { return false }
        switch link.operationalState {
        case .up, .unknown: return true
        default: return false
        }
    }

    /// The bytes of payload that the overlay has in a frame.
    ///
    /// - Throws: an error when more are asked for than fit, or too little is left for a family that the overlay carries.
    func mtu(_ wanted: UInt32?, carrying families: Set<AddressFamily>) throws(JSONError) -> UInt32 {
        let overhead = VXLANDevice.overhead(over: local.family)
        let (room, isTooSmall) = link.mtu.subtractingReportingOverflow(overhead)
        guard !isTooSmall, room >= 68, wanted ?? 0 <= room else {
            throw JSONError(
                path: "mtu",
                message: "\(wanted.map { "\($0)" } ?? "an overlay") does not fit into the \(link.mtu) of "
                    + "\(link.name), which leave \(isTooSmall ? 0 : room) over \(local.family)")
        }
        let mtu = wanted ?? room
        // RFC 8200, section 5; the kernel switches IPv6 off on a link with less.
        guard mtu >= 1280 || !families.contains(.v6) else {
            throw JSONError(
                path: "mtu",
                message: "IPv6 needs 1280, and the \(link.mtu) of \(link.name) leave \(mtu) over \(local.family)")
        }
        return mtu
    }
}
