import Addressing
import CNI
import ContainerLinks
import PluginKit

/// What the configuration says about the pair and its masquerade.
struct PTPConfiguration {
    /// How the container is masqueraded, if it is.
    let masquerade: ContainerMasquerade
    /// Bytes; nil for the kernel's default.
    let mtu: UInt32?
    /// Takes the place of what IPAM says.
    let dns: CNIResult.DNS?

    /// - Throws: code 7 with the member that will not do, or is missing.
    init(_ configuration: NetworkConfiguration) throws {
        masquerade = try ContainerMasquerade(configuration, in: PTPPlugin.masquerade)
        mtu = try configuration.mtu()
        dns = try configuration.dns()
        guard try configuration.ipamType() != nil else {
            throw CNIError(
                .invalidConfiguration, "ipam.type: missing",
                details: "ptp routes to addresses, which an IPAM plugin such as host-local gives")
        }
    }
}

extension CNIResult {
    /// The addresses with their gateways, which the host's end gets.
    ///
    /// - Throws: code 7 for an address without a gateway of its family.
    func routedAddresses() throws(CNIError) -> [RoutedAddress] {
        try addresses.map { entry throws(CNIError) in
            guard let gateway = entry.gateway, gateway.family == entry.address.address.family else {
                throw CNIError(
                    .invalidConfiguration, "IPAM gave \(entry.address) no gateway, which ptp routes by",
                    details: "most IPAM plugins take it as \"gateway\" beside the address or subnet")
            }
            return RoutedAddress(entry.address, gateway: gateway)
        }
    }
}
