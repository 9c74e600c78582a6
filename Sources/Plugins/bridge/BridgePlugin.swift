import Addressing
import CNI
import HostNetwork
import LinuxSystem
import Nftables
import RouteNetlink

/// Joins containers to a Linux bridge by a veth pair each, with addresses from an IPAM plugin or without any.
@main
struct BridgePlugin: CNIPlugin {
    static let name = "bridge"

    static func main() { PluginMain.run(BridgePlugin()) }

    static let masquerade = Masquerade(table: "cni_bridge")

    /// Milliseconds that a link may take to come up; the kernel needs about one.
    private static let linkDeadline = 5000

    func add(_ invocation: Invocation) throws -> CNIResult {
        let configuration = try BridgeConfiguration(invocation.configuration)
        let mac = try BridgeConfiguration.mac(invocation)
        let ipam = try configuration.ipam.map { type in try Delegate(type, for: invocation.configuration) }
        guard ipam != nil || invocation.configuration.version >= .v0_3_0 else {
            throw CNIError(.incompatibleVersion, "cannot convert: no valid IP addresses")
        }
        let namespace = try invocation.openNamespace()
        var host = try RouteSocket()
        var container = try RouteSocket(in: namespace)
        var rollback = Rollback(report: StandardStreams.log)

        let bridge = try Bridge.ensure(
            configuration.bridge, mtu: configuration.mtu, isPromiscuous: configuration.isPromiscuous, on: &host)
        let options = VethPair.Options(
            name: invocation.hostInterface.name, peerName: invocation.interfaceName, mtu: configuration.mtu,
            mac: mac, alias: invocation.hostInterface.alias(pod: PodName(invocation.arguments)),
            port: BridgePortOptions(isHairpin: configuration.isHairpin, isIsolated: configuration.isIsolated))
        try VethPair.requireFreeNames(options, on: &host, in: &container)
        var (pair, result) = try connect(ipam, &rollback) { () throws(SystemError) in
            try VethPair.create(options, on: bridge, from: &host, into: &container, of: namespace)
        }
        addGateways(to: &result, configuration)
        let interface = ContainerInterface(pair.container)
        let addresses = result.addresses.map(\.address)
        if ipam != nil { try interface.prepare(for: addresses, in: namespace) }
        if !configuration.leavesContainerInterfaceDown {
            try interface.configure(addresses: addresses, routes: routes(of: result), in: &container)
        }

        if configuration.isGateway { try serveGateways(of: result, on: bridge, configuration, &host) }
        if configuration.masquerades && !addresses.isEmpty {
            let owner = invocation.masqueradeOwner
            var nftables = try NftablesSocket()
            try Self.masquerade.add(addresses, for: owner, on: &nftables)
            rollback.register("masquerade") {
                var nftables = try NftablesSocket()
                try Self.masquerade.remove(addresses.map(\.address), of: owner, on: &nftables)
            }
        }
        if !configuration.leavesContainerInterfaceDown {
            try pair.waitUntilUp(milliseconds: Self.linkDeadline, on: &host, and: &container, of: namespace)
        }
        if !addresses.isEmpty { try interface.announce(in: &container) }
        try Interruption.check()

        // A bridge of others may have taken the new port's MAC address.
        let current = try host.link(at: bridge.link.index) ?? bridge.link
        result.interfaces = [
            CNIResult.Interface(name: bridge.link.name, mac: current.mac.map { "\($0)" }),
            CNIResult.Interface(name: pair.host.name, mac: pair.host.mac.map { "\($0)" }),
            CNIResult.Interface(
                name: pair.container.name, mac: pair.container.mac.map { "\($0)" }, sandbox: invocation.namespacePath),
        ]
        if let dns = configuration.dns { result.dns = dns }
        rollback.commit()
        return result
    }

    /// Makes the pair while IPAM, a process of its own, finds addresses.
    ///
    /// The name has been found free before, so that IPAM is not asked about an attachment that is in use.
    private func connect(
        _ ipam: Delegate?, _ rollback: inout Rollback, _ makePair: () throws(SystemError) -> VethPair
    ) throws -> (VethPair, CNIResult) {
        var pair: VethPair?
        var failure: (any Error)?
        var result = CNIResult()
        func make() {
            do { pair = try makePair() } catch { failure = error }
        }
        if let ipam {
            do {
                result = try ipam.add(meanwhile: make)
                rollback.register("release addresses") { try ipam.delete() }
            } catch {
                // The interface is new and ours, so whatever lease there is belongs to nobody who uses it.
                if pair != nil { try? ipam.delete() }
                failure = failure ?? error
            }
        } else {
            make()
        }
        if let name = pair?.host.name {
            rollback.register("delete \(name)") {
                var host = try RouteSocket()
                try host.deleteLink(named: name)
            }
        }
        try Interruption.check()
        guard let pair, failure == nil else { throw failure ?? CNIError(.other, "no interface was made") }
        guard ipam == nil || !result.addresses.isEmpty else {
            throw CNIError(.other, "IPAM plugin returned missing IP config")
        }
        result.interfaces = []
        for index in result.addresses.indices { result.addresses[index].interface = Self.containerInterfaceIndex }
        return (pair, result)
    }

    /// The container's place in `interfaces`, behind the bridge and the end on the host.
    private static let containerInterfaceIndex = 2

    /// Fills in the gateways that IPAM left open, and the default routes by them.
    private func addGateways(to result: inout CNIResult, _ configuration: BridgeConfiguration) {
        guard configuration.isGateway else { return }
        for index in result.addresses.indices where result.addresses[index].gateway == nil {
            result.addresses[index].gateway = result.addresses[index].address.network.first.next
        }
        guard configuration.isDefaultGateway else { return }
        for family in [AddressFamily.v4, .v6] {
            let hasDefault = result.routes.contains { $0.destination == .any(family) }
            guard !hasDefault, let gateway = result.gateway(family) else { continue }
            result.routes.append(CNIResult.Route(to: .any(family), via: gateway))
        }
    }

    private func routes(of result: CNIResult) -> [Route] {
        result.routes.map { route in
            Route(
                to: route.destination, via: route.gateway ?? result.gateway(route.destination.family),
                priority: route.priority, table: route.table, scope: route.scope ?? 0, mtu: route.mtu,
                advertisedMSS: route.advertisedMSS)
        }
    }

    private func serveGateways(
        of result: CNIResult, on bridge: Bridge, _ configuration: BridgeConfiguration, _ host: inout RouteSocket
    ) throws {
        for family in [AddressFamily.v4, .v6] {
            let gateways = result.addresses.filter { $0.address.address.family == family }.compactMap { entry in
                entry.gateway.flatMap { InterfaceAddress($0, prefixLength: entry.address.prefixLength) }
            }
            for gateway in gateways {
                try bridge.ensureAddress(gateway, replacingOthers: configuration.forcesAddress, on: &host)
            }
            if !gateways.isEmpty { try Forwarding.enable(family) }
        }
    }
}

extension CNIResult {
    /// The first gateway of a family, by which routes without one of their own go.
    fileprivate func gateway(_ family: AddressFamily) -> IPAddress? {
        addresses.first { $0.address.address.family == family && $0.gateway != nil }?.gateway
    }
}

extension Invocation {
    var masqueradeOwner: Masquerade.Owner {
        Masquerade.Owner(
            network: configuration.name, containerID: containerID, interfaceName: interfaceName)
    }
}
