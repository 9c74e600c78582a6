import Addressing
import CNI
import Glibc
import HostNetwork
import LinuxSystem
import RouteNetlink

/// This host in the overlay: its node, its underlay, and the other hosts.
struct OverlaySite {
    let configuration: VXLANConfiguration
    let node: Node
    let underlay: Underlay
    /// Bytes of payload in a frame of the overlay's.
    let mtu: UInt32
    let delegate: DelegateConfiguration
    private let peers: [VXLANPeer]

    /// Finds out where this host is, and changes nothing.
    ///
    /// - Throws: code 7 when the configuration, its table or this host's place in it will not do.
    init(_ input: NetworkConfiguration, on host: inout RouteSocket) throws {
        configuration = try VXLANConfiguration(input)
        let table = try NodeTable(configuration)
        let addresses = try host.addresses()
        let node = try table.ownNode(named: configuration.ownNode, addresses: addresses.map(\.address.address))
        self.node = node
        underlay = try Underlay(configuration.underlay, of: node.publicIP, among: addresses, on: &host)
        mtu = try underlay.mtu(configuration.mtu)
        delegate = try DelegateConfiguration(input, configuration, on: node, mtu: mtu)
        if case .segment(let group?) = configuration.mode, group.family != node.publicIP.family {
            throw CNIError(.invalidConfiguration, "group: \(group) is not \(node.publicIP.family), as the underlay is")
        }
        peers = table.nodes.filter { $0.publicIP != node.publicIP }.map { node in
            VXLANPeer(endpoint: node.publicIP, mac: node.mac, subnets: node.subnets)
        }
    }

    /// Makes the kernel's state what the table says.
    ///
    /// - Returns: what was otherwise.
    /// - Throws: what the kernel refused.
    func reconcile(on host: inout RouteSocket) throws(SystemError) -> [OverlayDifference] {
        let delivery: VXLANDevice.Delivery
        var directNetworks: [CIDR] = []
        switch configuration.mode {
        case .routed(let isDirect):
            delivery = .routed(addresses: node.subnets.map(\.first))
            if isDirect { directNetworks = underlay.networks }
            for family in Set(node.subnets.map(\.family)) { try Forwarding.enable(family, on: &host) }
        case .segment(let group):
            let options = Bridge.Options(name: delegate.bridge, mtu: mtu, isPromiscuous: false, filtersVLANs: false)
            let bridge = try Bridge.ensure(options, on: &host)
            delivery = .segment(bridge: bridge.link.index, group: group)
        }
        let device = VXLANDevice(
            name: configuration.device, id: configuration.vni, port: configuration.port, underlay: underlay.link.index,
            local: underlay.local, mac: node.mac, mtu: mtu, delivery: delivery,
            offloadsChecksum: configuration.checksumOffload.setting)
        let overlay = Overlay(
            device: device, networks: configuration.networks, peers: peers, directNetworks: directNetworks)
        return try overlay.reconcile(on: &host)
    }
}

extension OverlaySite {
    /// Reads the table, and makes the kernel's state what it says, with no other process doing the same meanwhile.
    ///
    /// Without the lock, a process that read the table before another one changed it would undo what was made of the
    /// new table, and one could delete the device that another has just made anew.
    ///
    /// - Parameters:
    ///   - input: what this plugin was given.
    ///   - verify: throws when nothing is to be changed after all.
    /// - Returns: where this host is.
    /// - Throws: as `init`, `verify` and `reconcile` do; code 11 when another process takes too long.
    static func reconciled(
        _ input: NetworkConfiguration, verify: (OverlaySite) throws -> Void = { _ in }
    ) throws -> OverlaySite {
        do {
            return try reconciled(input, holding: lock(), verify)
        } catch let error as SystemError where error.code == .timedOut {
            throw CNIError(.tryAgainLater, "\(error)")
        }
    }

    private static func reconciled(
        _ input: NetworkConfiguration, holding _: borrowing FileLock, _ verify: (OverlaySite) throws -> Void
    ) throws -> OverlaySite {
        var host = try RouteSocket()
        let site = try OverlaySite(input, on: &host)
        // Without a plugin to hand containers to, there is no reason to change anything.
        _ = try site.delegate.delegate(for: input)
        try verify(site)
        report(try site.reconcile(on: &host))
        return site
    }

    /// Milliseconds; a reconciliation takes some ten.
    private static let lockTimeout = 10_000

    /// The lock is on the host's network namespace itself, whose state it is about, and leaves no file.
    private static func lock() throws(SystemError) -> FileLock {
        let path = "/proc/thread-self/ns/net"
        return try FileLock(FileDescriptor.open(path, O_RDONLY), path: path, timeout: lockTimeout)
    }

    /// Tells on standard error what was mended, the first of it when there is much.
    private static func report(_ differences: [OverlayDifference]) {
        let limit = 20
        for difference in differences.prefix(limit) { StandardStreams.log("\(difference)") }
        if differences.count > limit { StandardStreams.log("and \(differences.count - limit) more") }
    }
}
