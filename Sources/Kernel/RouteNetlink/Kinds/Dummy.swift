package import Netlink

/// A link that leads nowhere: `ip link add NAME type dummy`.
package struct DummyOptions: LinkOptions {
    package init() {}

    package static let kind = "dummy"

    package func encode(into message: inout NetlinkMessage) {}
}
