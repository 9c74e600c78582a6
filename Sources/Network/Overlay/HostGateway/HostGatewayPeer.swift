package import Addressing

/// What another host has of an overlay; a host with both families is two of them.
package struct HostGatewayPeer: Hashable, Sendable {
    /// What is routed to it.
    package let subnet: CIDR
    /// Its address on the link.
    package let gateway: IPAddress

    package init(subnet: CIDR, gateway: IPAddress) {
        self.subnet = subnet
        self.gateway = gateway
    }

    /// Why nothing is routed to one.
    package enum Fault: Hashable, Sendable {
        /// It is not on a network that the underlay reaches without a router.
        case notOnLink
        /// Its subnet is not in the overlay's networks, so that a route to it could not be told from others'.
        case outsideNetworks
        /// It has the address of this host.
        case ownAddress
    }
}

extension HostGatewayPeer.Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notOnLink: "is behind a router, and host-gw needs all hosts on one link"
        case .outsideNetworks: "has a subnet outside of the network"
        case .ownAddress: "has the address of this host"
        }
    }
}
