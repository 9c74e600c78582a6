import Addressing
import CNI
import JSON
import Leases

/// What ADD and STATUS need of a configuration.
struct HostLocalConfiguration {
    let store: StoreConfiguration
    /// One address comes from each; in the order that numbers the `last_reserved_ip` files.
    let rangeSets: [RangeSet]
    let routes: [CNIResult.Route]
    /// A file in the form of resolv.conf(5) whose contents become the result's DNS.
    let resolvConf: String?
    /// Addresses that the runtime asks for, prefix lengths dropped.
    let requested: [IPAddress]

    /// - Throws: code 7 with the place of what is wrong.
    init(_ configuration: NetworkConfiguration, arguments: CNIArguments? = nil) throws {
        let root = configuration.reader
        store = try StoreConfiguration(configuration)
        let ipam = store.ipam
        routes = try ipam.optional("routes") ?? []
        resolvConf = try ipam.optional("resolvConf")
        requested = try Self.requestedAddresses(root, arguments)
        rangeSets = try Self.rangeSets(root, ipam)
        try Self.checkFamilies(of: rangeSets, configuration.version)
    }

    private static func rangeSets(_ root: JSONReader, _ ipam: JSONReader) throws -> [RangeSet] {
        let runtime = try root.optional("runtimeConfig", as: JSONReader.self)
        var written: [[WrittenRange]] = try runtime?.optional("ipRanges") ?? []
        if try ipam.optional("subnet", as: JSONValue.self) != nil { written.append([try WrittenRange(reading: ipam)]) }
        written += try ipam.optional("ranges") ?? []
        guard !written.isEmpty else { throw CNIError(.invalidConfiguration, "no IP ranges specified") }

        var sets: [RangeSet] = []
        for (index, ranges) in written.enumerated() {
            do throws(CNIError) {
                sets.append(try RangeSet(ranges.map { (range) throws(CNIError) in try range.canonical() }))
            } catch {
                throw CNIError(error.code, "invalid range set \(index): \(error.message)")
            }
        }
        for (index, set) in sets.enumerated() {
            if let other = sets[..<index].firstIndex(where: { $0.overlaps(set) }) {
                throw CNIError(.invalidConfiguration, "range set \(other) overlaps with \(index)")
            }
        }
        return sets
    }

    private static func checkFamilies(of sets: [RangeSet], _ version: CNIVersion) throws(CNIError) {
        guard version < .v0_3_0 else { return }
        for family in [AddressFamily.v4, .v6] where sets.count(where: { $0.family == family }) > 1 {
            throw CNIError(
                .incompatibleVersion,
                "CNI version \(version.rawValue) does not support more than 1 address per family")
        }
    }

    private static func requestedAddresses(_ root: JSONReader, _ arguments: CNIArguments?) throws -> [IPAddress] {
        var requested: [RequestedAddress] = []
        if let text = try arguments?.values(knowing: ["IP"])["IP"], !text.isEmpty {
            guard let address = RequestedAddress(text) else {
                throw CNIError(
                    .invalidEnvironment,
                    "ARGS: error parsing value of pair \"IP=\(text)\": invalid IP address \(text)")
            }
            requested.append(address)
        }
        let cni = try root.optional("args", as: JSONReader.self)?.optional("cni", as: JSONReader.self)
        requested += try cni?.optional("ips") ?? []
        let runtime = try root.optional("runtimeConfig", as: JSONReader.self)
        requested += try runtime?.optional("ips") ?? []
        return requested.map(\.address)
    }
}

/// Where the leases are: all that DEL, CHECK and GC need, so that they work when the ranges no longer do.
struct StoreConfiguration {
    let network: String
    let dataDirectory: String
    let ipam: JSONReader

    init(_ configuration: NetworkConfiguration) throws {
        guard let ipam = try configuration.reader.optional("ipam", as: JSONReader.self) else {
            throw CNIError(.invalidConfiguration, "IPAM config missing 'ipam' key")
        }
        network = configuration.name
        self.ipam = ipam
        let written: String? = try ipam.optional("dataDir")
        dataDirectory = written.flatMap { $0.isEmpty ? nil : $0 } ?? LeaseStore.defaultRoot
    }

    /// Opens the store and takes its lock.
    ///
    /// - Throws: code 5 with the path.
    func open() throws(CNIError) -> LeaseStore {
        do {
            return try LeaseStore(network: network, root: dataDirectory)
        } catch {
            throw CNIError(.inputOutput, "\(error)")
        }
    }
}

/// An address that may have a prefix length behind it, which says nothing here.
private struct RequestedAddress: JSONReadable {
    let address: IPAddress

    init?(_ text: String) {
        guard let address = IPAddress(text) ?? InterfaceAddress(text)?.address else { return nil }
        self.address = address
    }

    init(reading reader: JSONReader) throws(JSONError) {
        guard let text = reader.value.string, let address = RequestedAddress(text) else {
            throw reader.expected("an IP address such as 10.1.0.5")
        }
        self = address
    }
}
