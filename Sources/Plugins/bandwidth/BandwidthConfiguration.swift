import Addressing
import CNI
import JSON
import RouteNetlink

/// How much may pass to the container and from it.
///
/// Where the configuration itself says none of that, `runtimeConfig.bandwidth` does, which the runtime fills in; networks
/// that the configuration names hold for both.
struct BandwidthConfiguration {
    /// Of what the container gets; nil for no limit.
    let ingress: TokenBucket?
    /// Of what the container sends; nil for no limit.
    let egress: TokenBucket?
    let subnets: ShapedSubnets

    /// - Throws: code 7 with the member that will not do.
    init(_ configuration: NetworkConfiguration) throws {
        let own = configuration.reader
        let members = try JSONObject(reading: own)
        let isLimited = ["ingressRate", "ingressBurst", "egressRate", "egressBurst"].contains {
            members[$0] ?? .null != .null
        }
        let asked: JSONReader? = try configuration.runtimeConfiguration()?.optional("bandwidth")
        let source = isLimited ? own : asked ?? own
        ingress = try Self.limit(source, rate: "ingressRate", burst: "ingressBurst")
        egress = try Self.limit(source, rate: "egressRate", burst: "egressBurst")
        subnets = try ShapedSubnets(source) ?? ShapedSubnets(own) ?? .all
    }

    var isEmpty: Bool { ingress == nil && egress == nil }

    /// Reads bits a second, and bits.
    private static func limit(_ reader: JSONReader, rate: String, burst: String) throws -> TokenBucket? {
        let rateInBits: UInt64 = try reader.optional(rate) ?? 0
        let burstInBits: UInt64 = try reader.optional(burst) ?? 0
        switch (rateInBits, burstInBits) {
        case (0, 0): return nil
        case (_, 0): throw refuse("if rate is set, burst must also be set", "\(burst) is missing")
        case (0, _): throw refuse("if burst is set, rate must also be set", "\(rate) is missing")
        default: break
        }
        guard let bytes = UInt32(exactly: burstInBits / 8), bytes < .max else {
            throw refuse("burst cannot be more than 4GB", "\(burst): \(burstInBits) bits")
        }
        guard rateInBits >= 8, bytes > 0 else {
            throw refuse("rate and burst cannot be less than 8 bits", "\(rate), \(burst)")
        }
        return TokenBucket(rate: rateInBits / 8, burst: bytes)
    }

    private static func refuse(_ message: String, _ details: String) -> CNIError {
        CNIError(.invalidConfiguration, message, details: details)
    }
}

/// Which of the container's traffic is limited, by the networks of those that it talks to.
enum ShapedSubnets: Hashable {
    case all
    case only([CIDR])
    case allBut([CIDR])

    /// Nil where the configuration names none.
    ///
    /// - Throws: code 7 for a member that will not do, and for both.
    init?(_ reader: JSONReader) throws {
        let shaped: [CIDR] = try reader.optional("shapedSubnets") ?? []
        let unshaped: [CIDR] = try reader.optional("unshapedSubnets") ?? []
        switch (shaped.isEmpty, unshaped.isEmpty) {
        case (true, true): return nil
        case (false, true): self = .only(shaped)
        case (true, false): self = .allBut(unshaped)
        case (false, false):
            throw CNIError(
                .invalidConfiguration,
                "unshapedSubnets and shapedSubnets cannot be both specified, one of them should be discarded")
        }
    }
}
