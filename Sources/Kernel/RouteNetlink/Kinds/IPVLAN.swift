import CLinux
import LinuxSystem
package import Netlink

/// A link that shares the MAC address of another one, `IFLA_IPVLAN_…`: `ip link add NAME link PARENT type ipvlan mode MODE`.
package struct IPVLANOptions: LinkOptions, Hashable {
    /// All links of a parent have one.
    package var mode: Mode?

    /// `IPVLAN_MODE_…`: what is done to packets on the link itself, and what by the parent's namespace.
    package enum Mode: String, Sendable, CaseIterable {
        case l2
        case l3
        case l3s

        fileprivate var wireValue: UInt16 {
            switch self {
            case .l2: UInt16(IPVLAN_MODE_L2.rawValue)
            case .l3: UInt16(IPVLAN_MODE_L3.rawValue)
            case .l3s: UInt16(IPVLAN_MODE_L3S.rawValue)
            }
        }
    }

    package init(mode: Mode? = nil) {
        self.mode = mode
    }

    package static let kind = "ipvlan"

    package func encode(into message: inout NetlinkMessage) {
        if let mode { message.append(AttributeType(IFLA_IPVLAN_MODE), mode.wireValue) }
    }

    /// Reads `IFLA_INFO_DATA`.
    init(reading data: Span<UInt8>) throws(SystemError) {
        self.init()
        try data.forEachAttribute { (type, value) throws(SystemError) in
            guard type == AttributeType(IFLA_IPVLAN_MODE) else { return }
            let number: UInt16 = try value.integer()
            mode = Mode.allCases.first { $0.wireValue == number }
        }
    }
}
