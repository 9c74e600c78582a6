package import Addressing

/// Another host of an overlay.
package struct VXLANPeer: Hashable, Sendable {
    /// Where its packets go on the underlay.
    package let endpoint: IPAddress
    /// Of its device.
    package let mac: MACAddress
    /// What is routed to it; its device has the first address of each.
    package let subnets: [CIDR]

    package init(endpoint: IPAddress, mac: MACAddress, subnets: [CIDR]) {
        self.endpoint = endpoint
        self.mac = mac
        self.subnets = subnets
    }
}
