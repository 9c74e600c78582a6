import CLinux
package import LinuxSystem
package import Netlink

extension NetlinkRequest {
    /// `ip link add NAME … type KIND …`; `EEXIST` when the name is taken.
    package static func create(_ link: NewLink, _ options: some LinkOptions) -> NetlinkRequest {
        create(link, options, namespace: nil)
    }

    /// `ip link add NAME netns NAMESPACE … type KIND …`, by a namespace that stays open until the request has been sent.
    static func create(
        _ link: NewLink, _ options: some LinkOptions, in namespace: borrowing NetworkNamespace
    ) -> NetlinkRequest {
        create(link, options, namespace: namespace.descriptor.rawValue)
    }

    private static func create<Options: LinkOptions>(
        _ link: NewLink, _ options: Options, namespace: Int32?
    ) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [.create, .exclusive], header: link.header)
        link.encode(into: &message)
        if let namespace { message.append(AttributeType(IFLA_NET_NS_FD), namespace) }
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

    /// `ip link set dev NAME netns NAMESPACE name NEW alias ALIAS`, by a namespace that stays open until the request has
    /// been sent; the link is down then.
    ///
    /// `EEXIST` when another link has the new name there; the link may have moved under its old one then.
    package static func move(
        _ link: Link, into namespace: borrowing NetworkNamespace, as name: String, alias: String
    ) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_NEWLINK), flags: [], header: LinkHeader(index: link.index))
        message.append(AttributeType(IFLA_NET_NS_FD), namespace.descriptor.rawValue)
        message.append(AttributeType(IFLA_IFNAME), string: name)
        message.append(AttributeType(IFLA_IFALIAS), string: alias)
        return NetlinkRequest(message, "move link", link.name)
    }

    /// `ip link del dev NAME`.
    package static func delete(linkNamed name: String) -> NetlinkRequest {
        var message = NetlinkMessage(type: UInt16(RTM_DELLINK), flags: [], header: LinkHeader())
        message.append(AttributeType(IFLA_IFNAME), string: name)
        return NetlinkRequest(message, "delete link", name)
    }
}
