import Addressing
import Attachments
import CNI
import ContainerLinks
import LinuxSystem
import Nftables
import PacketRules
import PluginKit
import RouteNetlink

/// An attachment in the making: what is open for it, and what has to be undone unless it succeeds.
struct BridgeAttachment: ~Copyable {
    private let invocation: Invocation
    private let configuration: BridgeConfiguration
    private let options: VethPair.Options
    /// Bytes, of a new bridge and both ends of the pair; nil for the kernel's default.
    private let mtu: UInt32?
    private var host: RouteSocket
    private var container: ContainerSide
    private var ipam: AddressRequest
    private var masquerade: OpenMasquerade?
    private var rollback = Rollback(report: StandardStreams.log)

    /// Reads and opens all that is needed, and changes nothing.
    init(_ invocation: Invocation, _ configuration: BridgeConfiguration) throws {
        let ipam = try AddressRequest(invocation.configuration)
        let attachment = invocation.attachment
        var host = try RouteSocket()
        let mtu = try configuration.mtu ?? configuration.uplink?.plan(on: &host).uplink.mtu
        let options = VethPair.Options(
            name: attachment.hostInterfaceName, peerName: invocation.interfaceName, mtu: mtu,
            mac: try invocation.requestedMAC(), alias: attachment.alias(pod: PodName(invocation.arguments)))
        let container = try ContainerSide(invocation)
        let masquerade = ipam.isWanted ? try OpenMasquerade(configuration.masquerade, for: attachment) : nil
        self.invocation = invocation
        self.configuration = configuration
        self.options = options
        self.mtu = mtu
        self.host = host
        self.container = container
        self.ipam = ipam
        self.masquerade = masquerade
    }

    mutating func ensureBridge() throws(SystemError) -> Bridge {
        try Bridge.ensure(
            Bridge.Options(
                name: configuration.bridge, mtu: mtu, isPromiscuous: configuration.isPromiscuous,
                filtersVLANs: configuration.vlans != nil),
            on: &host)
    }

    /// Starts IPAM's process, which is ready for its configuration by the time the pair is made.
    ///
    /// The names are found free before, so that nobody is started for an attachment that is in use.
    mutating func startIPAM() throws {
        try VethPair.requireFreeNames(options, on: &host, in: &container.socket)
        try ipam.start()
    }

    /// Makes the pair, the container's end still down.
    ///
    /// Of several who make the same attachment at once the kernel lets one have the names: that one alone goes on.
    mutating func makePair(on bridge: Bridge) throws(SystemError) -> VethPair {
        let port = VethPair.Port(
            of: bridge,
            BridgePortOptions(isHairpin: configuration.isHairpin, isIsolated: configuration.isIsolated),
            vlans: configuration.vlans?.port)
        let pair = try VethPair.create(
            options, as: port, from: &host, into: &container.socket, of: container.namespace)
        rollback.register("delete \(pair.host.name)") {
            var host = try RouteSocket()
            try host.deleteLink(named: pair.host.name)
        }
        return pair
    }

    /// Has the bridge reach the hosts' network, as the addresses may come from there.
    mutating func joinUplink(to bridge: Bridge, beside pair: VethPair) throws(SystemError) {
        guard let uplink = configuration.uplink else { return }
        if try uplink.join(bridge, on: &host) {
            rollback.register("uplink of \(uplink.bridgeName)") {
                var host = try RouteSocket()
                try Uplink.release(ofBridge: uplink.bridgeName, ignoring: pair.host.index, on: &host)
            }
        }
        try uplink.admit(configuration.vlans?.ids ?? [], on: &host)
    }

    /// Lets IPAM go on; undone, the pair is taken down before its addresses are anybody else's.
    mutating func askIPAM() throws(CNIError) {
        let invocation = invocation
        try ipam.proceed(&rollback) { try invocation.silencePair() }
    }

    /// Drops what the container sends under other MAC addresses, before it can send anything.
    mutating func checkSpoofing(by pair: VethPair) throws(SystemError) {
        guard configuration.checksSpoofing, let mac = pair.container.mac else { return }
        let owner = invocation.attachment
        let port = pair.host.name
        var nftables = try NftablesSocket()
        try BridgeTables.spoofCheck.add(mac, on: port, for: owner, on: &nftables)
        rollback.register("spoof check") {
            var nftables = try NftablesSocket()
            try BridgeTables.spoofCheck.remove(port: port, of: owner, on: &nftables)
        }
    }

    /// Brings the container's interface up, and waits until packets pass.
    mutating func bringUp(_ pair: VethPair) throws(SystemError) {
        guard !configuration.leavesContainerInterfaceDown else { return }
        let hasAddresses = ipam.isWanted
        try ContainerInterface(pair.container).bringUp(
            announcesAddresses: hasAddresses, detectsDuplicates: hasAddresses && configuration.detectsDuplicates,
            in: &container.socket, of: container.namespace)
        try pair.waitUntilUp(
            milliseconds: Self.linkDeadline, on: &host, and: &container.socket, of: container.namespace)
    }

    mutating func prepareMasquerade() throws(SystemError) {
        try masquerade?.prepare(&rollback)
    }

    /// Waits for what IPAM says, and completes it with the gateways.
    mutating func takeAddresses() throws -> CNIResult {
        var result = try ipam.result(forInterfaceAt: Self.containerInterfaceIndex)
        try result.requireSufficientMTU(configuration.mtu)
        if configuration.isGateway { result.addGateways() }
        if configuration.isDefaultGateway { result.addDefaultRoutes() }
        return result
    }

    /// The container's place in `interfaces`, behind the bridge and the end on the host.
    private static let containerInterfaceIndex = 2

    /// Gives the container's interface its addresses and routes.
    mutating func configure(_ pair: VethPair, for result: CNIResult) throws(SystemError) {
        try container.configure(pair.container, for: result, detectsDuplicates: configuration.detectsDuplicates)
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
                    let reason = other.isOurs ? "containers still use it" : "no network of this suite gave it"
                    StandardStreams.log("\(bridge.link.name) keeps \(other.address) beside \(gateway): \(reason)")
                }
            }
            if !gateways.isEmpty { try host.enableForwarding(family) }
        }
        return vlanGateway
    }

    private mutating func ensureVLANGateway(on bridge: Bridge) throws(SystemError) -> Link? {
        guard let vlans = configuration.vlans, let vlan = vlans.vlan else { return nil }
        return try VLANGateway.ensure(
            on: bridge, vlan: vlan, leavesDefaultVLAN: vlans.leavesDefaultVLAN,
            portName: Attachment.hostInterfaceName("\(bridge.link.name) \(vlan)"), host: &host)
    }

    /// Masquerades the container, whose packets come in by the interface that has its gateway's address.
    mutating func masquerade(
        _ result: CNIResult, behind bridge: Bridge, _ vlanGateway: Link?
    ) throws(SystemError) {
        let interface = configuration.isGateway ? try host.packetInput(of: vlanGateway ?? bridge.link) : nil
        try masquerade?.add(result.addresses.map(\.address), by: interface, &rollback)
    }

    /// Tells the neighbours who has the addresses, once these can be used.
    mutating func announce(_ pair: VethPair, with result: CNIResult) throws(SystemError) {
        try container.announce(pair.container, with: result)
    }

    /// Milliseconds that a link may take to come up; the kernel needs about one.
    private static let linkDeadline = 5000

    /// What the result says of the interfaces, in the reference's order.
    mutating func interfaces(
        _ bridge: Bridge, _ pair: VethPair, _ vlanGateway: Link?
    ) throws(SystemError) -> [CNIResult.Interface] {
        // A bridge of others may have taken the new port's MAC address, and one with an uplink has that one's.
        let current =
            bridge.isOurs && configuration.uplink == nil
            ? bridge.link : try host.link(at: bridge.link.index) ?? bridge.link
        return [
            CNIResult.Interface(current), CNIResult.Interface(pair.host),
            CNIResult.Interface(pair.container, sandbox: invocation.namespacePath),
        ] + (vlanGateway.map { [CNIResult.Interface($0)] } ?? [])
    }

    /// Keeps what was made, once IPAM's process has ended, which went on beside all the rest.
    ///
    /// - Throws: when it failed after all; code 11 when a signal asked this process to end; nothing is kept then.
    consuming func commit() throws {
        try ipam.finish()
        rollback.commit()
    }
}
