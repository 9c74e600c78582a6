import CLinux
import LinuxSystem
package import Netlink

/// A bridge's settings, `IFLA_BR_…`: `ip link add NAME type bridge [vlan_filtering 1]`.
package struct BridgeOptions: LinkOptions, Hashable {
    /// Whether frames pass only between ports that are in the same VLAN.
    ///
    /// A kernel without VLAN filtering passes over it, and refuses its ports' VLANs; it tells nil.
    package var filtersVLANs: Bool?
    /// Whether the spanning tree protocol decides on its ports' states; read only.
    package private(set) var hasSpanningTree = false

    package init(filtersVLANs: Bool? = nil) {
        self.filtersVLANs = filtersVLANs
    }

    package static let kind = "bridge"

    package func encode(into message: inout NetlinkMessage) {
        if let filtersVLANs { message.append(AttributeType(IFLA_BR_VLAN_FILTERING), UInt8(filtersVLANs ? 1 : 0)) }
    }

    init(reading data: Span<UInt8>) throws(SystemError) {
        self.init()
        try data.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_BR_VLAN_FILTERING): filtersVLANs = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_BR_STP_STATE): hasSpanningTree = try value.integer(as: UInt32.self) != 0
            default: break
            }
        }
    }
}

extension Link {
    /// Its settings where it is a bridge.
    package var bridge: BridgeOptions? {
        if case .bridge(let options) = kind { options } else { nil }
    }
}
