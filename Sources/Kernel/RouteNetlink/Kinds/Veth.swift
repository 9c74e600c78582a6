import CLinux
package import LinuxSystem
package import Netlink

/// The other end of a veth pair: `ip link add NAME type veth peer name PEER [netns NAMESPACE]`.
package struct VethPeer: LinkOptions {
    private let link: NewLink
    /// A descriptor; nil for the socket's namespace.
    private let namespace: Int32?

    /// An end in the socket's namespace.
    package init(_ link: NewLink) {
        self.link = link
        namespace = nil
    }

    /// An end that appears in another namespace, which has to be open until the request has been sent.
    ///
    /// It cannot be up from the start: the kernel answers `ENOTCONN`.
    package init(_ link: NewLink, in namespace: borrowing NetworkNamespace) {
        self.link = link
        self.namespace = namespace.descriptor.rawValue
    }

    package static let kind = "veth"

    package func encode(into message: inout NetlinkMessage) {
        message.nest(AttributeType(VETH_INFO_PEER), header: link.header) { message in
            link.encode(into: &message)
            if let namespace { message.append(AttributeType(IFLA_NET_NS_FD), namespace) }
        }
    }
}

extension Link {
    /// The other end where it is a veth.
    package var peer: LinkReference? {
        if case .veth(let peer) = kind { peer } else { nil }
    }
}
