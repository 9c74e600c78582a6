import Addressing
public import CNI
public import ContainerLinks
public import LinuxSystem
public import Overlay
public import RouteNetlink

/// This host in the overlay: its node, its underlay, and the other hosts.
public struct OverlaySite {
    public let configuration: VXLANConfiguration
    /// This host's.
    public let node: Node
    /// All nodes, in the order of the table.
    public let nodes: [Node]
    public let underlay: Underlay
    /// Bytes of payload in a frame of the overlay's.
    let mtu: UInt32
    /// The plugin that containers are left to.
    public let delegate: DelegateConfiguration

    /// Finds out where this host is, and changes nothing.
    ///
    /// - Throws: code 7 when the configuration, its table or this host's place in it will not do.
    public init(_ input: NetworkConfiguration, on host: inout RouteSocket) throws {
        configuration = try VXLANConfiguration(input)
        let table = try NodeTable(configuration)
        let addresses = try host.addresses()
        let node = try table.ownNode(named: configuration.ownNode, addresses: addresses.map(\.address.address))
        self.node = node
        nodes = table.nodes
        underlay = try Underlay(configuration.underlay, of: node.publicIP, among: addresses, on: &host)
        mtu = try underlay.mtu(configuration.mtu)
        delegate = try DelegateConfiguration(input, configuration, on: node, mtu: mtu)
        if case .segment(let group?) = configuration.mode, group.family != node.publicIP.family {
            throw CNIError(.invalidConfiguration, "group: \(group) is not \(node.publicIP.family), as the underlay is")
        }
    }

    /// What the table says of the kernel's state.
    ///
    /// - Parameter findBridge: gives the bridge that a segment hangs on; not called in routed mode.
    /// - Returns: the overlay, which nothing has been done for yet.
    /// - Throws: what `findBridge` does.
    public func overlay(
        findBridge: (Bridge.Options) throws(SystemError) -> InterfaceIndex
    ) throws(SystemError) -> VXLANOverlay {
        let delivery: VXLANDevice.Delivery
        var directNetworks: [CIDR] = []
        switch configuration.mode {
        case .routed(let isDirect):
            delivery = .routed(addresses: node.subnets.map(\.first))
            if isDirect { directNetworks = underlay.networks }
        case .segment(let group):
            let options = Bridge.Options(name: delegate.bridge, mtu: mtu, isPromiscuous: false, filtersVLANs: false)
            delivery = .segment(bridge: try findBridge(options), group: group)
        }
        let device = VXLANDevice(
            name: configuration.device, id: configuration.vni, port: configuration.port, underlay: underlay.link.index,
            local: underlay.local, mac: node.mac, mtu: mtu, delivery: delivery,
            offloadsChecksum: configuration.checksumOffload.setting)
        let peers = nodes.filter { $0.publicIP != node.publicIP }.map { node in
            VXLANPeer(endpoint: node.publicIP, mac: node.mac, subnets: node.subnets)
        }
        return VXLANOverlay(
            device: device, networks: configuration.networks, peers: peers, directNetworks: directNetworks)
    }
}
