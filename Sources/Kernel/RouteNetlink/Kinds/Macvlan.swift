import CLinux
import LinuxSystem
package import Netlink

/// A link with a MAC address of its own on another one, `IFLA_MACVLAN_…`: `ip link add NAME link PARENT type macvlan mode MODE`.
package struct MacvlanOptions: LinkOptions, Hashable {
    package var mode: Mode?
    /// The most broadcast frames that wait for being copied, `bcqueuelen`; the parent takes the greatest of its links'.
    package var broadcastQueueLength: UInt32?

    /// `MACVLAN_MODE_…`: whom the links of one parent reach, as ip-link(8) has it.
    package enum Mode: String, Sendable, CaseIterable {
        case `private`
        case vepa
        case bridge
        case passthru

        fileprivate var wireValue: UInt32 {
            switch self {
            case .private: MACVLAN_MODE_PRIVATE.rawValue
            case .vepa: MACVLAN_MODE_VEPA.rawValue
            case .bridge: MACVLAN_MODE_BRIDGE.rawValue
            case .passthru: MACVLAN_MODE_PASSTHRU.rawValue
            }
        }
    }

    package init(mode: Mode? = nil, broadcastQueueLength: UInt32? = nil) {
        self.mode = mode
        self.broadcastQueueLength = broadcastQueueLength
    }

    package static let kind = "macvlan"

    package func encode(into message: inout NetlinkMessage) {
        if let mode { message.append(AttributeType(IFLA_MACVLAN_MODE), mode.wireValue) }
        if let broadcastQueueLength {
            message.append(AttributeType(IFLA_MACVLAN_BC_QUEUE_LEN), broadcastQueueLength)
        }
    }

    /// Reads `IFLA_INFO_DATA`; another mode than those above is nil.
    init(reading data: Span<UInt8>) throws(SystemError) {
        self.init()
        try data.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_MACVLAN_MODE):
                let number: UInt32 = try value.integer()
                mode = Mode.allCases.first { $0.wireValue == number }
            case AttributeType(IFLA_MACVLAN_BC_QUEUE_LEN): broadcastQueueLength = try value.integer()
            default: break
            }
        }
    }
}
