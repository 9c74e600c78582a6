import Addressing
import CNI
import LinuxSystem
import Nftables
import NodeTable
import PacketRules
import RouteNetlink

/// CHECK and STATUS, which mend the overlay before they judge.
extension VXLANPlugin {
    func check(_ invocation: Invocation) throws {
        let configuration = invocation.configuration
        let host = try ReconciledHost(configuration)
        if host.site.configuration.masquerades { try mendMasquerade(of: invocation, on: host) }
        try host.delegate.forwarding(configuration).delegate(for: configuration).check()
        try requireFittingMTU(of: invocation, host.site)
    }

    /// A container keeps the MTU that it was attached with, which the underlay's may have fallen behind.
    private func requireFittingMTU(of invocation: Invocation, _ site: OverlaySite) throws {
        guard let path = invocation.namespacePath else { return }
        var container = try RouteSocket(in: NetworkNamespace(path: path))
        let name = invocation.interfaceName
        guard let link = try container.link(named: name), link.mtu > site.mtu else { return }
        throw CNIError(
            .other,
            "\(name) of container \(invocation.containerID) has an MTU of \(link.mtu), and the way to the other hosts "
                + "lets \(site.mtu) through; set it to that, or attach the container anew")
    }

    func status(_ configuration: NetworkConfiguration) throws {
        let host: ReconciledHost
        do {
            host = try ReconciledHost(configuration) { site in
                guard site.underlay.isUp else {
                    throw CNIError(.notAvailable, "the underlay, \(site.underlay.link.name), is down")
                }
            }
        } catch let error as SystemError {
            throw CNIError(.limitedConnectivity, "\(error)")
        } catch {
            let error = CNIError(describing: error)
            throw CNIError(.notAvailable, error.message, details: error.details)
        }
        host.reportUnserved()
        try host.delegate.forwarding(configuration).delegate(for: configuration).status()
    }

    private func mendMasquerade(of invocation: Invocation, on host: ReconciledHost) throws {
        let addresses = try invocation.configuration.previousResult()?.addresses.map(\.address) ?? []
        let masquerade = Self.masquerade(exempting: host.site.configuration.networks)
        let (interface, owner) = (try host.packetInput(), invocation.attachment)
        var nftables = try NftablesSocket()
        guard try !masquerade.contains(addresses, by: interface, for: owner, on: &nftables) else { return }
        try masquerade.add(addresses, by: interface, for: owner, on: &nftables)
        StandardStreams.log("masquerade of \(addresses.map { "\($0.address)" }.joined(separator: ", ")) missing, added")
    }
}
