import CLinux
package import Netlink

extension NetlinkRequest {
    /// `ip link add NAME … type KIND …`; `EEXIST` when the name is taken.
    package static func create<Options: LinkOptions>(_ link: NewLink, _ options: Options) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [.create, .exclusive], header: link.header)
        link.encode(into: &message)
        message.nest(AttributeType(IFLA_LINKINFO)) { options.encodeInfo(into: &$0) }
        return NetlinkRequest(message, "create \(Options.kind)", link.name)
    }

    /// `ip link set dev INDEX …`; the name is what errors call the link.
    package static func change(_ index: InterfaceIndex, _ name: String, to change: LinkChange) -> NetlinkRequest {
        var header = change.header
        header.index = index
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [], header: header)
        change.encode(into: &message)
        return NetlinkRequest(message, "change link", name)
    }

    /// `ip link set dev NAME …`, where the index is not known yet.
    package static func change(linkNamed name: String, to change: LinkChange) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [], header: change.header)
        message.append(AttributeType(IFLA_IFNAME), string: name)
        change.encode(into: &message)
        return NetlinkRequest(message, "change link", name)
    }

    /// `ip link del dev NAME`.
    package static func delete(linkNamed name: String) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_DELLINK), flags: [], header: LinkHeader())
        message.append(AttributeType(IFLA_IFNAME), string: name)
        return NetlinkRequest(message, "delete link", name)
    }
}
