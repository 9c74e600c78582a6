import CLinux
import LinuxSystem
package import Netlink

/// One VLAN of another link, `IFLA_VLAN_…`: `ip link add NAME link PARENT type vlan id ID`, of IEEE 802.1Q.
package struct VLANOptions: LinkOptions, Hashable {
    /// 0 to 4094.
    package var id: UInt16?

    package init(id: UInt16? = nil) {
        self.id = id
    }

    package static let kind = "vlan"

    package func encode(into message: inout NetlinkMessage) {
        if let id { message.append(AttributeType(IFLA_VLAN_ID), id) }
    }

    /// Reads `IFLA_INFO_DATA`.
    init(reading data: Span<UInt8>) throws(SystemError) {
        self.init()
        try data.forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(IFLA_VLAN_ID) { id = try value.integer() }
        }
    }
}
