import Addressing
import Attachments
import CNI
import ContainerLinks
import LinuxSystem
import PluginKit
import RouteNetlink

/// An attachment in the making: what is open for it, and what has to be undone unless it succeeds.
struct PTPAttachment: ~Copyable {
    private let invocation: Invocation
    private let configuration: PTPConfiguration
    private var host: RouteSocket
    private var container: ContainerSide
    private var ipam: AddressRequest
    private var masquerade: OpenMasquerade?
    private var rollback = Rollback(report: StandardStreams.log)

    /// Reads and opens all that is needed, and changes nothing.
    init(_ invocation: Invocation, _ configuration: PTPConfiguration) throws {
        let ipam = try AddressRequest(invocation.configuration)
        let container = try ContainerSide(invocation)
        let host = try RouteSocket()
        let masquerade = try OpenMasquerade(configuration.masquerade, for: invocation.attachment)
        self.invocation = invocation
        self.configuration = configuration
        self.host = host
        self.container = container
        self.ipam = ipam
        self.masquerade = masquerade
    }

    /// Makes the pair, the container's end still down, and has IPAM go on beside the rest.
    mutating func makePair() throws -> VethPair {
        let attachment = invocation.attachment
        let options = VethPair.Options(
            name: attachment.hostInterfaceName, peerName: invocation.interfaceName, mtu: configuration.mtu, mac: nil,
            alias: attachment.alias(pod: PodName(invocation.arguments)))
        try VethPair.requireFreeNames(options, on: &host, in: &container.socket)
        try ipam.start()
        let pair = try VethPair.create(
            options, as: nil, from: &host, into: &container.socket, of: container.namespace)
        rollback.register("delete \(pair.host.name)") {
            var host = try RouteSocket()
            try host.deleteLink(named: pair.host.name)
        }
        let invocation = invocation
        try ipam.proceed(&rollback) { try invocation.silencePair() }
        return pair
    }

    /// Brings the container's end up, and waits until packets pass.
    mutating func bringUp(_ pair: VethPair) throws(SystemError) {
        pair.refuseAdvertisements()
        try ContainerInterface(pair.container).bringUp(
            announcesAddresses: false, detectsDuplicates: false, in: &container.socket, of: container.namespace)
        try pair.waitUntilUp(
            milliseconds: Self.linkDeadline, on: &host, and: &container.socket, of: container.namespace)
    }

    /// Milliseconds that a link may take to come up; the kernel needs about one.
    private static let linkDeadline = 5000

    mutating func prepareMasquerade() throws(SystemError) {
        try masquerade?.prepare(&rollback)
    }

    /// Waits for what IPAM says.
    mutating func takeAddresses() throws -> CNIResult {
        let result = try ipam.result(forInterfaceAt: 1)
        try result.requireSufficientMTU(configuration.mtu)
        return result
    }

    mutating func assign(_ addresses: [RoutedAddress], to pair: VethPair) throws(SystemError) {
        if addresses.contains(where: { $0.gateway.family == .v6 }) {
            try ContainerInterface(pair.container).enableIPv6(detectsDuplicates: false, in: container.namespace)
        }
        try pair.assign(addresses, in: &container.socket)
    }

    mutating func serve(_ addresses: [RoutedAddress], on pair: VethPair) throws(SystemError) {
        try pair.serve(addresses, on: &host)
    }

    mutating func masquerade(_ result: CNIResult, behind pair: VethPair) throws(SystemError) {
        try masquerade?.add(result.addresses.map(\.address), by: host.packetInput(of: pair.host), &rollback)
    }

    mutating func route(_ pair: VethPair, _ addresses: [RoutedAddress], _ result: CNIResult) throws(SystemError) {
        try pair.route(addresses, result.kernelRoutes, in: &container.socket, of: container.namespace)
    }

    /// Keeps what was made, once IPAM's process has ended, which went on beside all the rest.
    ///
    /// - Throws: when it failed after all; code 11 when a signal asked this process to end; nothing is kept then.
    consuming func commit() throws {
        try ipam.finish()
        rollback.commit()
    }
}
