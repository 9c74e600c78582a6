import Addressing
package import JSON
package import Overlay
package import RouteNetlink

/// This host in the overlay: its node, its underlay, and the other hosts.
package struct OverlaySite {
    package let configuration: VXLANConfiguration
    /// This host's.
    package let node: Node
    /// All nodes, in the order of the table.
    package let nodes: [Node]
    package let underlay: Underlay
    /// Bytes of payload in a frame of the overlay's.
    package let mtu: UInt32

    /// Finds out where this host is, and changes nothing.
    ///
    /// - Parameters:
    ///   - reader: the plugin's configuration.
    ///   - host: a socket on this host.
    /// - Throws: `JSONError` when the configuration, its table or this host's place in it will not do; what the kernel
    ///   refused to tell.
    package init(reading reader: JSONReader, on host: inout RouteSocket) throws {
        configuration = try VXLANConfiguration(reading: reader)
        let table = try OverlayNodes(configuration)
        let addresses = try host.addresses()
        let node = try table.ownNode(named: configuration.ownNode, addresses: addresses.map(\.address.address))
        self.node = node
        nodes = table.nodes
        underlay = try Underlay(configuration.underlay, of: node.publicIP, among: addresses, on: &host)
        try underlay.requireHosts(nodes)
        mtu = try underlay.mtu(configuration.mtu, carrying: Set(node.shares.map(\.range.family)))
        if case .segment(let group?) = configuration.mode, group.family != node.publicIP.family {
            throw JSONError(path: "group", message: "\(group) is not \(node.publicIP.family), as the underlay is")
        }
    }

    /// What the table says of the kernel's state.
    ///
    /// - Parameter bridge: what a segment hangs on; nil where there is no such bridge, and in routed mode.
    /// - Returns: the overlay, which nothing has been done for yet.
    package func overlay(bridge: InterfaceIndex?) -> VXLANOverlay {
        let delivery: VXLANDevice.Delivery
        var directNetworks: [CIDR] = []
        switch configuration.mode {
        case .routed(let isDirect):
            delivery = .routed(addresses: node.subnets.map(\.first))
            if isDirect { directNetworks = underlay.networks }
        case .segment(let group):
            delivery = .segment(bridge: bridge ?? .noInterface, group: group)
        }
        let device = VXLANDevice(
            name: configuration.device, id: configuration.vni, port: configuration.port, underlay: underlay.link.index,
            local: underlay.local, mac: node.mac, mtu: mtu, delivery: delivery,
            offloadsChecksum: configuration.checksumOffload.setting)
        let peers = nodes.lazy.filter { $0.publicIP != node.publicIP }.map { node in
            VXLANPeer(endpoint: node.publicIP, mac: node.mac, subnets: node.subnets)
        }
        return VXLANOverlay(device: device, peers: Array(peers), directNetworks: directNetworks)
    }
}
