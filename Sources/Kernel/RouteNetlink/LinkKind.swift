import CLinux
import LinuxSystem
package import Netlink

extension Link {
    /// What a link is, with its settings in effect.
    package enum Kind: Hashable, Sendable {
        /// What the kernel names no kind of, such as hardware and the loopback.
        case hardware
        case bridge(BridgeOptions)
        /// The other end is nil where the kernel does not tell.
        case veth(peer: LinkReference?)
        case vxlan(VXLANSettings)
        case macvlan(MacvlanOptions)
        case ipvlan(IPVLANOptions)
        case vlan(VLANOptions)
        case vrf(VRFOptions)
        /// A kind whose settings are not read.
        case other(String)

        /// What ip-link(8) calls it; nil for hardware.
        package var name: String? {
            switch self {
            case .hardware: nil
            case .bridge: BridgeOptions.kind
            case .veth: VethPeer.kind
            case .vxlan: VXLANOptions.kind
            case .macvlan: MacvlanOptions.kind
            case .ipvlan: IPVLANOptions.kind
            case .vlan: VLANOptions.kind
            case .vrf: VRFOptions.kind
            case .other(let name): name
            }
        }
    }
}

extension Link.Kind {
    /// Reads `IFLA_LINKINFO`.
    ///
    /// - Parameters:
    ///   - info: the attribute's value.
    ///   - other: the link that this one leads to.
    /// - Throws: `EBADMSG` for what is no such attribute.
    init(readingInfo info: Span<UInt8>, leadingTo other: LinkReference?) throws(SystemError) {
        self = .hardware
        // The kernel puts the name first.
        try info.forEachAttribute { (type, value) throws(SystemError) in
            switch (type, self) {
            case (AttributeType(IFLA_INFO_KIND), _):
                self = value.string == VethPeer.kind ? .veth(peer: other) : .other(value.string)
            case (AttributeType(IFLA_INFO_DATA), .other(BridgeOptions.kind)):
                self = .bridge(try BridgeOptions(reading: value))
            case (AttributeType(IFLA_INFO_DATA), .other(VXLANOptions.kind)):
                self = .vxlan(try VXLANSettings(reading: value))
            case (AttributeType(IFLA_INFO_DATA), .other(MacvlanOptions.kind)):
                self = .macvlan(try MacvlanOptions(reading: value))
            case (AttributeType(IFLA_INFO_DATA), .other(IPVLANOptions.kind)):
                self = .ipvlan(try IPVLANOptions(reading: value))
            case (AttributeType(IFLA_INFO_DATA), .other(VLANOptions.kind)):
                self = .vlan(try VLANOptions(reading: value))
            case (AttributeType(IFLA_INFO_DATA), .other(VRFOptions.kind)):
                self = .vrf(try VRFOptions(reading: value))
            default: break
            }
        }
    }
}

/// What is asked of a link of one kind; what is nil in it stays as it is, or becomes the kernel's default.
///
/// A kind is a file in `Kinds`, and a case of `Link.Kind` where its settings are read.
package protocol LinkOptions: Sendable {
    /// `IFLA_INFO_KIND`: what ip-link(8) takes behind `type`.
    static var kind: String { get }

    /// Appends what `IFLA_INFO_DATA` holds.
    func encode(into message: inout NetlinkMessage)
}

extension LinkOptions {
    /// Appends `IFLA_INFO_KIND` and `IFLA_INFO_DATA`.
    func encodeInfo(into message: inout NetlinkMessage) {
        message.append(AttributeType(IFLA_INFO_KIND), string: Self.kind)
        message.nest(AttributeType(IFLA_INFO_DATA)) { encode(into: &$0) }
    }
}
