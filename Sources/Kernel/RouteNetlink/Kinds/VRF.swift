import CLinux
import LinuxSystem
package import Netlink

/// A link whose ports are routed by a table of their own, `IFLA_VRF_…`: `ip link add NAME type vrf table TABLE`.
package struct VRFOptions: LinkOptions, Hashable {
    package var table: UInt32?

    package init(table: UInt32? = nil) {
        self.table = table
    }

    package static let kind = "vrf"

    package func encode(into message: inout NetlinkMessage) {
        if let table { message.append(AttributeType(IFLA_VRF_TABLE), table) }
    }

    /// Reads `IFLA_INFO_DATA`.
    init(reading data: Span<UInt8>) throws(SystemError) {
        self.init()
        try data.forEachAttribute { (type, value) throws(SystemError) in
            if type == AttributeType(IFLA_VRF_TABLE) { table = try value.integer() }
        }
    }
}

extension Link {
    /// Its settings where it is a VRF.
    package var vrf: VRFOptions? {
        if case .vrf(let options) = kind { options } else { nil }
    }
}
