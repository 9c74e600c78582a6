package import Netlink

/// A device that what is redirected to it leaves at once, through its qdisc: `ip link add NAME type ifb`.
package struct IFBOptions: LinkOptions {
    package init() {}

    package static let kind = "ifb"

    package func encode(into message: inout NetlinkMessage) {}
}
