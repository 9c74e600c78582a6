import CLinux
import LinuxSystem
import Netlink

/// A link's settings as a port of a bridge, `IFLA_BRPORT_…`: `ip link set dev NAME type bridge_slave hairpin on isolated on`.
package struct BridgePortOptions: Hashable, Sendable {
    /// Frames may leave through the port that they came in by.
    package var isHairpin: Bool?
    /// Frames do not pass between isolated ports.
    package var isIsolated: Bool?

    package init(isHairpin: Bool? = nil, isIsolated: Bool? = nil) {
        self.isHairpin = isHairpin
        self.isIsolated = isIsolated
    }

    /// Appends `IFLA_INFO_SLAVE_KIND` and `IFLA_INFO_SLAVE_DATA`.
    func encodeInfo(into message: inout NetlinkMessage) {
        message.append(AttributeType(IFLA_INFO_SLAVE_KIND), string: BridgeOptions.kind)
        message.nest(AttributeType(IFLA_INFO_SLAVE_DATA)) { message in
            if let isHairpin { message.append(AttributeType(IFLA_BRPORT_MODE), UInt8(isHairpin ? 1 : 0)) }
            if let isIsolated { message.append(AttributeType(IFLA_BRPORT_ISOLATED), UInt8(isIsolated ? 1 : 0)) }
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
            default: break
            }
        }
    }
}
