package import Addressing
import CLinux
import LinuxSystem
package import Netlink

extension NetlinkRequest {
    /// `ip address add ADDRESS dev INDEX`, with the broadcast address of an IPv4 network.
    ///
    /// An IPv6 address waits for duplicate address detection (RFC 4862) before use if that is asked for. One that
    /// is ours is marked so, since Linux 5.18. The other addresses of its network are on the link, unless there is to be
    /// no route that says so. The name is what errors call the link.
    package static func add(
        _ address: InterfaceAddress, to index: InterfaceIndex, _ name: String, detectsDuplicates: Bool,
        isOurs: Bool = false, isNetworkOnLink: Bool = true
    ) -> NetlinkRequest {
        var message = message(RTM_NEWADDR, [.create, .exclusive], address, index)
        if let broadcast = address.broadcast {
            message.append(AttributeType(IFA_BROADCAST), bytes: broadcast.bytes)
        }
        var flags: UInt32 = 0
        if address.address.family == .v6 && !detectsDuplicates { flags |= UInt32(IFA_F_NODAD) }
        if !isNetworkOnLink { flags |= UInt32(IFA_F_NOPREFIXROUTE) }
        if flags != 0 { message.append(AttributeType(IFA_FLAGS), flags) }
        if isOurs { message.append(AttributeType(IFA_PROTO), AssignedAddress.ownProtocol) }
        return NetlinkRequest(message, "add address", "\(address) to \(name)")
    }

    /// `ip address change ADDRESS dev INDEX metric METRIC`, of an address that is ours and stays so.
    ///
    /// It is the metric of the route to the address's network, 0 for the kernel's default; since Linux 4.18.
    package static func change(
        _ address: InterfaceAddress, on index: InterfaceIndex, _ name: String, routeMetric: UInt32
    ) -> NetlinkRequest {
        var message = message(RTM_NEWADDR, .replace, address, index)
        message.append(AttributeType(IFA_RT_PRIORITY), routeMetric)
        message.append(AttributeType(IFA_PROTO), AssignedAddress.ownProtocol)
        return NetlinkRequest(message, "change address", "\(address) on \(name)")
    }

    /// `ip address del ADDRESS dev INDEX`.
    package static func delete(
        _ address: InterfaceAddress, from index: InterfaceIndex, _ name: String
    ) -> NetlinkRequest {
        NetlinkRequest(message(RTM_DELADDR, [], address, index), "delete address", "\(address) from \(name)")
    }

    private static func message(
        _ type: Int, _ flags: NetlinkFlags, _ address: InterfaceAddress, _ index: InterfaceIndex
    ) -> NetlinkMessage {
        let header = AddressHeader(
            family: address.address.family, prefixLength: address.prefixLength, index: index)
        var message = NetlinkMessage(type: UInt16(type), flags: flags, header: header)
        message.append(AttributeType(IFA_LOCAL), bytes: address.address.bytes)
        message.append(AttributeType(IFA_ADDRESS), bytes: address.address.bytes)
        return message
    }
}

/// An address on an interface, as the kernel reports it.
package struct AssignedAddress: Hashable, Sendable {
    package var address: InterfaceAddress
    package var index: InterfaceIndex
    /// Duplicate address detection has not come to its end yet: RFC 4862, section 2.
    package var isTentative: Bool
    /// Duplicate address detection found the address in use elsewhere.
    package var isDuplicate: Bool
    /// It is not to be used for what is new: RFC 4862, section 5.5.4.
    package var isDeprecated: Bool
    /// It is one of several for privacy: RFC 8981.
    package var isTemporary: Bool
    /// It has no time to end at.
    package var isPermanent: Bool
    /// This suite has marked it as its own.
    package var isOurs: Bool
    /// The metric of the route to its network, where it is not the kernel's default.
    package var routeMetric: UInt32?

    /// `IFA_PROTO`: a number that the kernel and the known routing daemons do not use.
    static let ownProtocol: UInt8 = 193

    /// Reads the payload of `RTM_NEWADDR`.
    init?(reading payload: Span<UInt8>) throws(SystemError) {
        let prefixLength = Int(try payload.integer(at: 1, as: UInt8.self))
        index = InterfaceIndex(rawValue: try payload.integer(at: 4))
        // IFA_FLAGS has all of them.
        var flags = UInt32(try payload.integer(at: 2, as: UInt8.self))
        var protocolNumber: UInt8 = 0
        var routeMetric: UInt32?
        var local: IPAddress?
        var other: IPAddress?
        try payload.forEachAttribute(from: AddressHeader.length) { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFA_LOCAL): local = IPAddress(bytes: value)
            case AttributeType(IFA_PROTO): protocolNumber = try value.integer()
            case AttributeType(IFA_RT_PRIORITY): routeMetric = try value.integer()
            case AttributeType(IFA_FLAGS): flags = try value.integer()
            case AttributeType(IFA_ADDRESS): other = IPAddress(bytes: value)
            default: break
            }
        }
        // IPv6 has only IFA_ADDRESS; on a point-to-point IPv4 link IFA_ADDRESS is the other side.
        guard let address = (local ?? other).flatMap({ InterfaceAddress($0, prefixLength: prefixLength) }) else {
            return nil
        }
        self.address = address
        self.routeMetric = routeMetric == 0 ? nil : routeMetric
        isOurs = protocolNumber == Self.ownProtocol
        isTentative = flags & UInt32(IFA_F_TENTATIVE) != 0
        isDuplicate = flags & UInt32(IFA_F_DADFAILED) != 0
        isDeprecated = flags & UInt32(IFA_F_DEPRECATED) != 0
        // For IPv4 the same bit says that there is another address of the network before this one.
        isTemporary = self.address.address.family == .v6 && flags & UInt32(IFA_F_TEMPORARY) != 0
        isPermanent = flags & UInt32(IFA_F_PERMANENT) != 0
    }
}
