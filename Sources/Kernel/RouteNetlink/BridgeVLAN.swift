import CLinux
package import LinuxSystem
package import Netlink

/// A VLAN of a bridge's port: `bridge vlan add dev PORT vid ID [pvid] [untagged]`.
package struct BridgeVLAN: Hashable, Sendable {
    /// 1 to 4094.
    package var id: UInt16
    /// Untagged frames that come in belong to it; of a port's VLANs, one at most is.
    package var isPortVLAN: Bool
    /// Its frames leave without a tag.
    package var isUntagged: Bool

    package init(_ id: UInt16, isPortVLAN: Bool = false, isUntagged: Bool = false) {
        self.id = id
        self.isPortVLAN = isPortVLAN
        self.isUntagged = isUntagged
    }

    /// The numbers that IEEE 802.1Q leaves to users.
    package static let validIDs: ClosedRange<UInt16> = 1...4094

    /// What errors say where a bridge cannot filter VLANs.
    package static let isMissingFromKernel =
        "this kernel has no VLAN filtering for bridges (CONFIG_BRIDGE_VLAN_FILTERING)"
}

extension NetlinkRequest {
    /// Makes a port a member of VLANs, or changes what it is there; the name is what errors call the port.
    package static func add(_ vlans: [BridgeVLAN], toPort port: InterfaceIndex, _ name: String) -> NetlinkRequest {
        NetlinkRequest(message(RTM_SETLINK, vlans, port), "set VLANs of port", name)
    }

    /// Ends a port's membership in VLANs.
    package static func delete(_ vlans: [BridgeVLAN], fromPort port: InterfaceIndex, _ name: String) -> NetlinkRequest {
        NetlinkRequest(message(RTM_DELLINK, vlans, port), "delete VLANs of port", name)
    }

    /// `struct bridge_vlan_info`s in `IFLA_AF_SPEC`.
    private static func message(_ type: Int, _ vlans: [BridgeVLAN], _ port: InterfaceIndex) -> NetlinkMessage {
        var header = LinkHeader(index: port)
        header.family = UInt8(AF_BRIDGE)
        var message = NetlinkMessage(type: UInt16(type), flags: [], header: header)
        message.nest(AttributeType(IFLA_AF_SPEC)) { message in
            for vlan in vlans {
                message.append(AttributeType(IFLA_BRIDGE_VLAN_INFO), UInt32(vlan.flags) | UInt32(vlan.id) << 16)
            }
        }
        return message
    }
}

extension RouteSocket {
    /// The VLANs of a bridge's port or of a bridge itself, in the order of their numbers.
    ///
    /// - Parameters:
    ///   - index: of the port or bridge.
    ///   - name: what errors call it.
    /// - Returns: each VLAN, ranges taken apart.
    /// - Throws: `EOPNOTSUPP` where the kernel has no VLAN filtering, or is older than 5.6.
    package mutating func vlans(of index: InterfaceIndex, _ name: String) throws(SystemError) -> [BridgeVLAN] {
        let message = NetlinkMessage(
            type: UInt16(RTM_GETVLAN), flags: .dump, header: BridgeVLANHeader(index: index))
        do throws(SystemError) {
            let request = NetlinkRequest(message, "list VLANs of", name)
            return try query(request) { (_, payload) throws(SystemError) in try BridgeVLAN.list(payload) }
                .flatMap { $0 }
        } catch  where error.code == .notSupported {
            throw SystemError(error.operation, name, error.code, explanation: BridgeVLAN.isMissingFromKernel)
        }
    }
}

/// `struct br_vlan_msg` of linux/if_bridge.h.
private struct BridgeVLANHeader: NetlinkHeader {
    let index: InterfaceIndex

    static let length = 8

    func encode(into message: inout NetlinkMessage) {
        message.append(field: UInt8(AF_BRIDGE))
        message.append(field: UInt8(0))
        message.append(field: UInt16(0))
        message.append(field: index.rawValue)
    }
}

extension BridgeVLAN {
    fileprivate var flags: UInt16 {
        (isPortVLAN ? UInt16(BRIDGE_VLAN_INFO_PVID) : 0) | (isUntagged ? UInt16(BRIDGE_VLAN_INFO_UNTAGGED) : 0)
    }

    /// Reads the payload of `RTM_NEWVLAN`, whose entries are VLANs or ranges of them.
    fileprivate static func list(_ payload: Span<UInt8>) throws(SystemError) -> [BridgeVLAN] {
        var vlans: [BridgeVLAN] = []
        try payload.forEachAttribute(from: BridgeVLANHeader.length) { (type, entry) throws(SystemError) in
            guard type == AttributeType(BRIDGE_VLANDB_ENTRY) else { return }
            var flags: UInt16 = 0
            var first: UInt16 = 0
            var last: UInt16?
            try entry.forEachAttribute { (type, value) throws(SystemError) in
                switch type {
                case AttributeType(BRIDGE_VLANDB_ENTRY_INFO):
                    flags = try value.integer()
                    first = try value.integer(at: 2)
                case AttributeType(BRIDGE_VLANDB_ENTRY_RANGE): last = try value.integer()
                default: break
                }
            }
            for id in first...max(first, last ?? first) where validIDs.contains(id) {
                vlans.append(
                    BridgeVLAN(
                        id, isPortVLAN: flags & UInt16(BRIDGE_VLAN_INFO_PVID) != 0,
                        isUntagged: flags & UInt16(BRIDGE_VLAN_INFO_UNTAGGED) != 0))
            }
        }
        return vlans
    }
}
