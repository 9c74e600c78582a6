import Addressing
import CNI
import JSON

/// What a configuration, and the runtime beside it, give a container.
struct StaticConfiguration {
    let addresses: [CNIResult.Address]
    let routes: [CNIResult.Route]
    let dns: CNIResult.DNS

    /// - Throws: code 7 for a member that will not do, 4 for such an argument, 1 for more addresses than the version can
    ///   tell.
    init(_ configuration: NetworkConfiguration, arguments: CNIArguments? = nil) throws {
        let ipam = try configuration.ipam()
        routes = try ipam.optional("routes") ?? []
        dns = try ipam.optional("dns") ?? CNIResult.DNS()
        let requested = try ArgumentAddresses(arguments)
        addresses =
            try Self.replacement(in: configuration)
            ?? requested.added(to: (ipam.optional("addresses") ?? []).map(Self.configured))
        try configuration.version.requireRoom(for: addresses.map(\.address.address.family))
    }

    /// The addresses of `runtimeConfig.ips`, else of `args.cni.ips`, which take the place of all others.
    private static func replacement(in configuration: NetworkConfiguration) throws -> [CNIResult.Address]? {
        for source in [try configuration.runtimeConfiguration(), try configuration.conventionalArguments()] {
            guard let texts: [String] = try source?.optional("ips"), !texts.isEmpty else { continue }
            return try texts.map { text in
                guard let address = InterfaceAddress(text) else {
                    throw CNIError(
                        .invalidConfiguration, "an entry in the 'ips' field is NOT in CIDR notation, got: '\(text)'")
                }
                return CNIResult.Address(address)
            }
        }
        return nil
    }

    private static func configured(_ entry: JSONReader) throws -> CNIResult.Address {
        let text = try entry.optional("address") ?? ""
        guard let address = InterfaceAddress(text) else {
            throw CNIError(
                .invalidConfiguration, "the 'address' field is expected to be in CIDR notation, got: '\(text)'",
                details: entry.path)
        }
        return CNIResult.Address(address, gateway: try entry.optionalAddress("gateway"))
    }
}

/// What `IP` and `GATEWAY` of `CNI_ARGS` ask for.
private struct ArgumentAddresses {
    private let addresses: [CNIResult.Address]
    private let gateways: [IPAddress]

    /// - Throws: code 4 for what is no address, and for other keys.
    init(_ arguments: CNIArguments?) throws(CNIError) {
        let values = try arguments?.values(knowing: ["IP", "GATEWAY"]) ?? [:]
        addresses = try Self.list(values["IP"]).map { text throws(CNIError) in
            guard let address = InterfaceAddress(text) else {
                throw CNIError(
                    .invalidEnvironment, "the 'ip' field is expected to be in CIDR notation, got: '\(text)'")
            }
            return CNIResult.Address(address)
        }
        gateways = try Self.list(values["GATEWAY"]).map { text throws(CNIError) in
            guard let address = IPAddress(text) else {
                throw CNIError(.invalidEnvironment, "invalid gateway address: \(text)")
            }
            return address
        }
    }

    /// These addresses behind those of a configuration, all with the gateway that lies in their network, if one does.
    func added(to configured: [CNIResult.Address]) -> [CNIResult.Address] {
        (configured + addresses).map { entry in
            var entry = entry
            entry.gateway = gateways.last { entry.address.network.contains($0) } ?? entry.gateway
            return entry
        }
    }

    /// The items between commas, without the spaces around them; none for the empty text.
    private static func list(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map { item in
            String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
