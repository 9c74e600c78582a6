import CLinux
import LinuxSystem
import Netlink

/// A link's settings as a port of a bridge, `IFLA_BRPORT_…`: `ip link set dev NAME type bridge_slave hairpin on isolated on`.
package struct BridgePortOptions: Hashable, Sendable {
    /// Frames may leave through the port that they came in by.
    package var isHairpin: Bool?
    /// Frames do not pass between isolated ports.
    package var isIsolated: Bool?
    package var state: State?
    /// Frames of senders that are not known at the port are dropped.
    package var isLocked: Bool?
    /// Senders become forwarding entries.
    package var isLearning: Bool?
    /// Frames for unknown addresses, groups and all leave by the port.
    package var floods: Bool?
    /// The bridge answers for neighbours that it knows behind the port.
    package var suppressesNeighbors: Bool?

    /// `BR_STATE_…` of linux/if_bridge.h.
    package enum State: UInt8, Sendable {
        case disabled, listening, learning, forwarding, blocking
    }

    package init(isHairpin: Bool? = nil, isIsolated: Bool? = nil) {
        self.isHairpin = isHairpin
        self.isIsolated = isIsolated
    }

    /// Appends `IFLA_INFO_SLAVE_KIND` and `IFLA_INFO_SLAVE_DATA`.
    func encodeInfo(into message: inout NetlinkMessage) {
        message.append(AttributeType(IFLA_INFO_SLAVE_KIND), string: BridgeOptions.kind)
        message.nest(AttributeType(IFLA_INFO_SLAVE_DATA)) { message in
            if let isHairpin { message.append(AttributeType(IFLA_BRPORT_MODE), UInt8(isHairpin ? 1 : 0)) }
            for (type, value) in [
                (IFLA_BRPORT_ISOLATED, isIsolated), (IFLA_BRPORT_LOCKED, isLocked), (IFLA_BRPORT_LEARNING, isLearning),
                (IFLA_BRPORT_UNICAST_FLOOD, floods), (IFLA_BRPORT_MCAST_FLOOD, floods),
                (IFLA_BRPORT_BCAST_FLOOD, floods), (IFLA_BRPORT_NEIGH_SUPPRESS, suppressesNeighbors),
            ] {
                if let value { message.append(AttributeType(type), UInt8(value ? 1 : 0)) }
            }
            if let state { message.append(AttributeType(IFLA_BRPORT_STATE), state.rawValue) }
        }
    }

    /// Reads `IFLA_LINKINFO`; nil for what is no port of a bridge.
    init?(readingInfo info: Span<UInt8>) throws(SystemError) {
        var kind: String?
        var options: BridgePortOptions?
        // The kernel puts the kind first.
        try info.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_INFO_SLAVE_KIND): kind = value.string
            case AttributeType(IFLA_INFO_SLAVE_DATA) where kind == BridgeOptions.kind:
                options = try BridgePortOptions(reading: value)
            default: break
            }
        }
        guard let options else { return nil }
        self = options
    }

    private init(reading data: Span<UInt8>) throws(SystemError) {
        try data.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(IFLA_BRPORT_MODE): isHairpin = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_BRPORT_ISOLATED): isIsolated = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_BRPORT_LOCKED): isLocked = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_BRPORT_LEARNING): isLearning = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_BRPORT_NEIGH_SUPPRESS):
                suppressesNeighbors = try value.integer(as: UInt8.self) != 0
            case AttributeType(IFLA_BRPORT_UNICAST_FLOOD), AttributeType(IFLA_BRPORT_MCAST_FLOOD),
                AttributeType(IFLA_BRPORT_BCAST_FLOOD):
                floods = try value.integer(as: UInt8.self) != 0 && floods != false
            case AttributeType(IFLA_BRPORT_STATE): state = State(rawValue: try value.integer())
            default: break
            }
        }
    }
}
