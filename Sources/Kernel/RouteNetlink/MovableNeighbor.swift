import CLinux
package import LinuxSystem
package import Netlink

/// A neighbour that another interface can know as well, without asking for it.
package struct MovableNeighbor: Sendable {
    private let record: KernelRecord
    private let isPermanent: Bool

    /// Reads the payload of `RTM_NEWNEIGH`; nil for what is not known to be there, and what is no IP address.
    init?(reading payload: Span<UInt8>, on device: InterfaceIndex) throws(SystemError) {
        let known = UInt16(NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)
        let state: UInt16 = try payload.integer(at: 8)
        guard let entry = try Neighbor(.neighbors, reading: payload), entry.device == device, state & known != 0
        else { return nil }
        isPermanent = entry.isPermanent
        var record = try KernelRecord(payload, headerLength: NeighborHeader.length)
        for unwanted in [NDA_CACHEINFO, NDA_PROBES] { record[unwanted] = nil }
        self.record = record
    }

    /// Has a link know it: for good where it was entered by hand, else until it is found to have changed.
    package func added(to link: Link) -> NetlinkRequest {
        var copy = record
        copy.set(link.index.rawValue, at: 4)
        copy.set(UInt16(isPermanent ? NUD_PERMANENT : NUD_STALE), at: 8)
        return NetlinkRequest(
            copy.message(type: RTM_NEWNEIGH, flags: [.create, .replace]), "set neighbor", "of \(link.name)")
    }
}

extension RouteSocket {
    /// The neighbours that an interface knows.
    package mutating func movableNeighbors(on device: InterfaceIndex) throws(SystemError) -> [MovableNeighbor] {
        var message = NetlinkMessage(type: UInt16(RTM_GETNEIGH), flags: .dump, header: NeighborHeader())
        message.append(AttributeType(NDA_IFINDEX), device.rawValue)
        return try query(NetlinkRequest(message, "list neighbors")) { (_, payload) throws(SystemError) in
            try MovableNeighbor(reading: payload, on: device)
        }
    }
}
