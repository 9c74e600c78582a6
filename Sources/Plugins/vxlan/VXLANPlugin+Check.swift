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
        if host.site.configuration.masquerades { try mendMasquerade(of: invocation, host.site) }
        try host.delegate.forwarding(configuration).delegate(for: configuration).check()
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

    private func mendMasquerade(of invocation: Invocation, _ site: OverlaySite) throws {
        let addresses = try invocation.configuration.previousResult()?.addresses.map(\.address) ?? []
        let masquerade = Self.masquerade(exempting: site.configuration.networks)
        var nftables = try NftablesSocket()
        guard try !masquerade.contains(addresses, for: invocation.attachment, on: &nftables) else { return }
        try masquerade.add(addresses, for: invocation.attachment, on: &nftables)
        StandardStreams.log("masquerade of \(addresses.map { "\($0.address)" }.joined(separator: ", ")) missing, added")
    }
}
