import Addressing
import CNI
import JSON

/// How a container's packets are routed by the address that they come from.
struct SBRConfiguration {
    /// The table that rules lead to, whose routes are the user's affair; nil for tables of this plugin's own.
    let table: UInt32?
    /// The gateways of the tables, at most one of each family, in the place of the addresses' own.
    private let gateways: [IPAddress]
    /// Whether the main table keeps the ways to the interface's own networks.
    let addsSourceHints: Bool

    /// - Throws: code 7 for what will not do.
    init(_ configuration: NetworkConfiguration) throws {
        let reader = configuration.reader
        table = try reader.optional("table")
        guard table != 0 else { throw CNIError(.invalidConfiguration, "table: expected a number above 0") }
        addsSourceHints = try reader.optional("addSourceHints") ?? false
        let texts: [String] = try reader.optional("gateways") ?? []
        guard texts.count <= 2 else {
            throw CNIError(
                .invalidConfiguration, "gateways list cannot contain more than 2 entries (one IPv4, one IPv6)")
        }
        gateways = try texts.map { text in
            guard let address = IPAddress(text) else {
                throw CNIError(.invalidConfiguration, "invalid static gateway IP address: \(text)")
            }
            return address
        }
        if gateways.count == 2, gateways[0].family == gateways[1].family {
            throw CNIError(
                .invalidConfiguration,
                "gateways list contains multiple \(gateways[0].family) addresses: \(gateways[0]) and \(gateways[1])")
        }
    }

    /// The gateway of a family that the user names.
    func gateway(_ family: AddressFamily) -> IPAddress? { gateways.first { $0.family == family } }
}
