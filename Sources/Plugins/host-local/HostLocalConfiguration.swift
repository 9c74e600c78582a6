import AddressPools
import Addressing
import CNI
import JSON

/// What ADD and STATUS need of a configuration.
struct HostLocalConfiguration {
    let store: StoreConfiguration
    /// One address comes from each of its sets; in the order that numbers the `last_reserved_ip` files.
    let pool: AddressPool
    let routes: [CNIResult.Route]
    /// A file in the form of resolv.conf(5) whose contents become the result's DNS.
    let resolvConf: String?
    /// Addresses that the runtime asks for, prefix lengths dropped.
    let requested: [IPAddress]
    /// Whether leases of containers that have certainly ended are ended when their addresses are needed.
    let reclaims: Bool
    /// Nil unless a pod is to get the address that it had.
    let pod: PodName?
    /// Of each set's addresses, how many may be leased before a warning; nil for none.
    let warnAtPercent: UInt8?

    /// - Throws: code 7 with the place of what is wrong.
    init(_ configuration: NetworkConfiguration, arguments: CNIArguments? = nil) throws {
        store = try StoreConfiguration(configuration)
        let ipam = store.ipam
        routes = try ipam.optional("routes") ?? []
        resolvConf = try ipam.optionalNonemptyPath("resolvConf")
        reclaims = try ipam.optional("reclaim") ?? true
        warnAtPercent = try ipam.optional("warnAtPercent", as: Percentage.self)?.value
        _ = try StoreConfiguration.lockTimeoutSeconds(ipam)
        let isSticky = try ipam.optional("sticky") ?? false
        let known: Set = isSticky ? PodName.keys.union(["IP"]) : ["IP"]
        let values = try arguments?.values(knowing: known) ?? [:]
        pod = isSticky ? arguments.flatMap(PodName.init) : nil
        requested = try RequestedAddress.all(in: configuration, argument: values["IP"])
        pool = try Self.pool(configuration, ipam)
        try configuration.version.requireRoom(for: pool.sets.map(\.family))
    }

    /// The ranges of a configuration, those that the runtime asks for in front.
    static func pool(_ configuration: NetworkConfiguration, _ ipam: JSONReader) throws -> AddressPool {
        do {
            return try AddressPool(
                reading: ipam, behind: configuration.runtimeConfiguration()?.optional("ipRanges") ?? [])
        } catch let defect as AddressPool.Defect {
            throw CNIError(.invalidConfiguration, defect.message, details: defect.path)
        }
    }
}

/// A share in hundredths.
private struct Percentage: JSONReadable {
    let value: UInt8

    init(reading reader: JSONReader) throws(JSONError) {
        guard let value = reader.value.number?.integer(as: UInt8.self), 1...100 ~= value else {
            throw reader.expected("an integer from 1 to 100")
        }
        self.value = value
    }
}
