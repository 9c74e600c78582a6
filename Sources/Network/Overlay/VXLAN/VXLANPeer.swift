public import Addressing

/// Another host of an overlay.
public struct VXLANPeer: Hashable, Sendable {
    /// Where its packets go on the underlay.
    public let endpoint: IPAddress
    /// Of its device.
    public let mac: MACAddress
    /// What is routed to it; its device has the first address of each.
    public let subnets: [CIDR]

    public init(endpoint: IPAddress, mac: MACAddress, subnets: [CIDR]) {
        self.endpoint = endpoint
        self.mac = mac
        self.subnets = subnets
    }
}
