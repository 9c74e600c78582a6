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

    /// How long a port may take to come up; the kernel needs about a millisecond.
    private static let portDeadline = 5000

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
        let pair = try VethPair.create(
            VethPair.Options(
                name: invocation.hostInterface.name, peerName: invocation.interfaceName, mtu: configuration.mtu,
                mac: mac, alias: invocation.hostInterface.alias(pod: invocation.pod),
                port: BridgePortOptions(isHairpin: configuration.isHairpin, isIsolated: false)),
            on: bridge, from: &host, into: &container, of: namespace)
        rollback.register("delete \(pair.host.name)") { [name = pair.host.name] in
            var host = try RouteSocket()
            try host.deleteLink(named: name)
        }
        try Interruption.check()

        var result = try addresses(from: ipam, &rollback)
        try Interruption.check()
        addGateways(to: &result, configuration)
        let interface = ContainerInterface(pair.container)
        let addresses = result.addresses.map(\.address)
        if ipam != nil { try interface.prepare(for: addresses, in: namespace) }
        try interface.configure(addresses: addresses, routes: routes(of: result), in: &container)

        if configuration.isGateway { try serveGateways(of: result, on: bridge, configuration, &host) }
        if configuration.masquerades {
            let owner = invocation.masqueradeOwner
            var nftables = try NftablesSocket()
            try Self.masquerade.add(addresses, for: owner, on: &nftables)
            rollback.register("masquerade") {
                var nftables = try NftablesSocket()
                try Self.masquerade.remove(addresses.map(\.address), of: owner, on: &nftables)
            }
        }
        try pair.waitUntilForwarding(milliseconds: Self.portDeadline, on: &host)
        if !addresses.isEmpty { try interface.announce(in: &container) }
        try Interruption.check()

        let mended = try host.link(at: bridge.link.index) ?? bridge.link
        result.interfaces = [
            CNIResult.Interface(name: bridge.link.name, mac: mended.mac.map { "\($0)" }),
            CNIResult.Interface(name: pair.host.name, mac: pair.host.mac.map { "\($0)" }),
            CNIResult.Interface(
                name: pair.container.name, mac: pair.container.mac.map { "\($0)" }, sandbox: invocation.namespacePath),
        ]
        if let dns = configuration.dns { result.dns = dns }
        rollback.commit()
        return result
    }

    /// What IPAM gives, on the container's interface; nothing without IPAM.
    private func addresses(from ipam: Delegate?, _ rollback: inout Rollback) throws -> CNIResult {
        guard let ipam else { return CNIResult() }
        var result: CNIResult
        do {
            result = try ipam.add()
        } catch {
            // The interface is new, so whatever lease there is belongs to nobody who uses it.
            try? ipam.delete()
            try Interruption.check()
            throw error
        }
        rollback.register("release addresses") { try ipam.delete() }
        guard !result.addresses.isEmpty else { throw CNIError(.other, "IPAM plugin returned missing IP config") }
        result.interfaces = []
        for index in result.addresses.indices { result.addresses[index].interface = Self.containerInterfaceIndex }
        return result
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
