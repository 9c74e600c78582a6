import Addressing
import CNI
import ContainerLinks
import LinuxSystem
import Nftables
import PacketRules
import RouteNetlink

/// An attachment in the making: what is open for it, and what has to be undone unless it succeeds.
struct BridgeAttachment: ~Copyable {
    private let invocation: Invocation
    private let configuration: BridgeConfiguration
    private let ipam: Delegate?
    private let options: VethPair.Options
    private let namespace: NetworkNamespace
    private var host: RouteSocket
    private var container: RouteSocket
    private var rollback = Rollback(report: StandardStreams.log)
    /// IPAM's answer, until its process has ended.
    private var addition: DelegatedAddition?

    /// Reads and opens all that is needed, and changes nothing.
    init(_ invocation: Invocation, _ configuration: BridgeConfiguration) throws {
        let ipam = try configuration.ipam.map { type in try Delegate(type, for: invocation.configuration) }
        let options = VethPair.Options(
            name: invocation.hostInterface.name, peerName: invocation.interfaceName, mtu: configuration.mtu,
            mac: try BridgeConfiguration.mac(invocation),
            alias: invocation.hostInterface.alias(pod: PodName(invocation.arguments)),
            port: BridgePortOptions(isHairpin: configuration.isHairpin, isIsolated: configuration.isIsolated),
            vlans: configuration.vlans?.port)
        let namespace = try invocation.openNamespace()
        let host = try RouteSocket()
        let container = try RouteSocket(in: namespace)
        self.invocation = invocation
        self.configuration = configuration
        self.ipam = ipam
        self.options = options
        self.namespace = namespace
        self.host = host
        self.container = container
    }

    mutating func ensureBridge() throws(SystemError) -> Bridge {
        try Bridge.ensure(
            Bridge.Options(
                name: configuration.bridge, mtu: configuration.mtu, isPromiscuous: configuration.isPromiscuous,
                filtersVLANs: configuration.vlans != nil),
            on: &host)
    }

    /// Makes the pair and all else that needs no addresses while IPAM, a process of its own, finds them.
    ///
    /// The name is found free before, so that IPAM is not asked about an attachment that is in use.
    ///
    /// - Returns: the pair, and what IPAM says.
    mutating func connect(to bridge: Bridge) throws -> (VethPair, CNIResult) {
        try VethPair.requireFreeNames(options, on: &host, in: &container)
        var pair: VethPair?
        var failure: (any Error)?
        var result = CNIResult()
        func make() {
            do { pair = try makePair(on: bridge) } catch { failure = error }
        }
        if let ipam {
            do {
                let addition = try ipam.startAdd(meanwhile: make)
                result = addition.result
                self.addition = consume addition
                rollback.register("release addresses") { try ipam.delete() }
            } catch {
                // Unless another attachment has the names, whatever lease there is belongs to nobody who uses it.
                if (failure as? SystemError)?.code != .exists { try? ipam.delete() }
                failure = failure ?? error
            }
        } else {
            make()
        }
        try Interruption.check()
        guard let pair, failure == nil else { throw failure ?? CNIError(.other, "no interface was made") }
        guard ipam == nil || !result.addresses.isEmpty else {
            throw CNIError(.other, "IPAM plugin returned missing IP config")
        }
        try configuration.requireSufficientMTU(for: result.addresses.map(\.address))
        result.interfaces = []
        for index in result.addresses.indices { result.addresses[index].interface = Self.containerInterfaceIndex }
        return (pair, result)
    }

    /// Makes the pair, up and with whatever wants to be there before the first frame.
    private mutating func makePair(on bridge: Bridge) throws(SystemError) -> VethPair {
        let pair = try VethPair.create(options, on: bridge, from: &host, into: &container, of: namespace)
        rollback.register("delete \(pair.host.name)") {
            var host = try RouteSocket()
            try host.deleteLink(named: pair.host.name)
        }
        try checkSpoofing(by: pair)
        try bringUp(pair)
        try prepareMasquerade()
        return pair
    }

    /// The container's place in `interfaces`, behind the bridge and the end on the host.
    private static let containerInterfaceIndex = 2

    /// Drops what the container sends under other MAC addresses, before it can send anything.
    private mutating func checkSpoofing(by pair: VethPair) throws(SystemError) {
        guard configuration.checksSpoofing, let mac = pair.container.mac else { return }
        let owner = invocation.attachment
        let port = pair.host.name
        var nftables = try NftablesSocket()
        try BridgePlugin.spoofCheck.add(mac, on: port, for: owner, on: &nftables)
        rollback.register("spoof check") {
            var nftables = try NftablesSocket()
            try BridgePlugin.spoofCheck.remove(port: port, of: owner, on: &nftables)
        }
    }

    /// Brings the container's interface up, and waits until packets pass.
    private mutating func bringUp(_ pair: VethPair) throws(SystemError) {
        guard !configuration.leavesContainerInterfaceDown else { return }
        try ContainerInterface(pair.container).bringUp(
            announcesAddresses: ipam != nil, detectsDuplicates: ipam != nil && configuration.detectsDuplicates,
            in: &container, of: namespace)
        try pair.waitUntilUp(milliseconds: Self.linkDeadline, on: &host, and: &container, of: namespace)
    }

    /// Gives the container's interface its addresses and routes.
    mutating func configure(_ pair: VethPair, for result: CNIResult) throws(SystemError) {
        guard !result.addresses.isEmpty else { return }
        let interface = ContainerInterface(pair.container)
        let addresses = result.addresses.map(\.address)
        if addresses.contains(where: { $0.address.family == .v6 }) {
            try interface.enableIPv6(detectsDuplicates: configuration.detectsDuplicates, in: namespace)
        }
        try interface.configure(
            addresses: addresses, routes: result.kernelRoutes, detectsDuplicates: configuration.detectsDuplicates,
            in: &container)
    }

    /// Gives the gateways' addresses to the bridge, or to its interface in the containers' VLAN.
    ///
    /// - Returns: that interface.
    mutating func serveGateways(of result: CNIResult, on bridge: Bridge) throws(SystemError) -> Link? {
        guard configuration.isGateway, !result.addresses.isEmpty else { return nil }
        let vlanGateway = try ensureVLANGateway(on: bridge)
        for family in AddressFamily.allCases {
            let gateways = result.gatewayAddresses(family)
            for gateway in gateways {
                let kept = try GatewayAddress(gateway, replacesOthers: configuration.forcesAddress)
                    .ensure(on: vlanGateway ?? bridge.link, of: bridge, on: &host)
                for other in kept {
                    StandardStreams.log("\(bridge.link.name) keeps \(other) beside \(gateway): containers still use it")
                }
            }
            if !gateways.isEmpty { try Forwarding.enable(family, on: &host) }
        }
        return vlanGateway
    }

    private mutating func ensureVLANGateway(on bridge: Bridge) throws(SystemError) -> Link? {
        guard let vlans = configuration.vlans, let vlan = vlans.vlan else { return nil }
        return try VLANGateway.ensure(
            on: bridge, vlan: vlan, leavesDefaultVLAN: vlans.leavesDefaultVLAN,
            portName: HostInterface.gatewayPortName(bridge: bridge.link.name, vlan: vlan), host: &host)
    }

    private mutating func prepareMasquerade() throws(SystemError) {
        guard configuration.masquerade == .nftables, ipam != nil else { return }
        let owner = invocation.attachment
        var nftables = try NftablesSocket()
        try BridgePlugin.masquerade.prepare(on: &nftables)
        rollback.register("masquerade") {
            var nftables = try NftablesSocket()
            try BridgePlugin.masquerade.remove([], of: owner, on: &nftables)
        }
    }

    mutating func masquerade(_ addresses: [InterfaceAddress]) throws(SystemError) {
        guard !addresses.isEmpty else { return }
        switch configuration.masquerade {
        case nil: return
        case .nftables:
            let owner = invocation.attachment
            var nftables = try NftablesSocket()
            try BridgePlugin.masquerade.add(addresses, for: owner, on: &nftables)
            rollback.register("masquerade") {
                var nftables = try NftablesSocket()
                try BridgePlugin.masquerade.remove(addresses.map(\.address), of: owner, on: &nftables)
            }
        case .iptables:
            let masquerade = IptablesMasquerade(invocation.attachment)
            try masquerade.add(addresses)
            rollback.register("masquerade") { try masquerade.remove(addresses.map(\.address)) }
        }
    }

    /// Tells the neighbours who has the addresses, once these can be used.
    mutating func announce(_ pair: VethPair, with addresses: [InterfaceAddress]) throws(SystemError) {
        guard !addresses.isEmpty else { return }
        let interface = ContainerInterface(pair.container)
        if addresses.contains(where: { $0.address.family == .v6 }) {
            try interface.waitUntilUsable(
                addresses, milliseconds: Self.addressDeadline, in: &container, of: namespace)
        }
        try interface.announce(in: &container)
    }

    /// Milliseconds that a link may take to come up; the kernel needs about one.
    private static let linkDeadline = 5000

    /// Milliseconds that addresses may take to be found unique; the kernel needs up to two seconds.
    private static let addressDeadline = 10_000

    /// What the result says of the interfaces, in the reference's order.
    mutating func interfaces(
        _ bridge: Bridge, _ pair: VethPair, _ vlanGateway: Link?
    ) throws(SystemError) -> [CNIResult.Interface] {
        // A bridge of others may have taken the new port's MAC address.
        let current = bridge.isOurs ? bridge.link : try host.link(at: bridge.link.index) ?? bridge.link
        var container = CNIResult.Interface(pair.container)
        container.sandbox = invocation.namespacePath
        return [CNIResult.Interface(current), CNIResult.Interface(pair.host), container]
            + (vlanGateway.map { [CNIResult.Interface($0)] } ?? [])
    }

    /// Waits until IPAM's process has ended, which goes on beside all the rest.
    ///
    /// - Throws: when it failed after all.
    mutating func finishIPAM() throws(CNIError) {
        try addition?.finish()
    }

    /// Keeps what was made.
    ///
    /// - Throws: code 11 when a signal asked this process to end; nothing is kept then.
    consuming func commit() throws(SystemError) {
        try Interruption.check()
        rollback.commit()
    }
}

extension CNIResult.Interface {
    fileprivate init(_ link: Link) {
        self.init(name: link.name, mac: link.mac.map { "\($0)" })
    }
}
