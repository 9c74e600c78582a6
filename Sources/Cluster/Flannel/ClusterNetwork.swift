package import Addressing
package import JSON

/// The network of a cluster: the JSON that an administrator writes for all daemons.
///
/// Names of members count without regard to case, and unknown ones are ignored.
package struct ClusterNetwork: Hashable, Sendable {
    /// Of each family that is on, IPv4 first; at least one.
    package let pools: [SubnetPool]
    /// How packets get from host to host.
    package let backend: Backend
    /// The text that this was read from.
    package let source: JSONObject
    /// What stands for the IPv4 subnet's length in names of leases where there is no IPv4.
    package let writtenSubnetLength: Int

    /// `Backend`: a type, in lower case, and members of its own.
    package struct Backend: Hashable, Sendable {
        package let type: String
        package let settings: JSONReader
    }

    /// - Throws: what is wrong, in the reference's words where it has any.
    package init(parsing bytes: [UInt8]) throws(NetworkConfigurationError) {
        do {
            let reader = JSONReader(try JSONValue(parsing: bytes))
            try self.init(reading: reader)
        } catch let error as JSONError {
            throw .invalid("\(error)")
        } catch let error as NetworkConfigurationError {
            throw error
        } catch {
            throw .invalid("\(error)")
        }
    }

    /// - Throws: `JSONError` for a member of the wrong type, `NetworkConfigurationError` for one that will not do.
    private init(reading reader: JSONReader) throws {
        source = try JSONObject(reading: reader)
        var pools: [SubnetPool] = []
        if try reader.optional("EnableIPv4") ?? true { pools.append(try Self.pool(reader, .v4)) }
        if try reader.optional("EnableIPv6") ?? false { pools.append(try Self.pool(reader, .v6)) }
        guard !pools.isEmpty else { throw NetworkConfigurationError.invalid("none defined stack") }
        self.pools = pools
        writtenSubnetLength = try reader.optional("SubnetLen") ?? 0
        // The reference's default really is udp, whatever its documentation says.
        let settings = try reader.optional("Backend") ?? JSONReader(["Type": "udp"], path: "Backend")
        backend = Backend(type: (try settings.optional("Type") ?? "").lowercased(), settings: settings)
    }

    private static func pool(_ reader: JSONReader, _ family: AddressFamily) throws -> SubnetPool {
        let names = Names(family)
        let text: String = try reader.optional(names.network) ?? ""
        guard !text.isEmpty else {
            throw NetworkConfigurationError.invalid(
                "please define a correct \(names.network) parameter in the flannel config")
        }
        guard let network = CIDR(text), network.family == family else {
            throw NetworkConfigurationError.invalid("\(names.network): expected an \(family) network, got \"\(text)\"")
        }
        guard !network.isDefault, !network.overlaps(.multicast(family)) else {
            throw NetworkConfigurationError.invalid(
                "\(names.network): expected a network that containers can have addresses of, got \(network)")
        }
        func address(_ name: String) throws -> IPAddress? {
            let address = try reader.optionalAddress(name)
            return address?.isUnspecified == false ? address : nil
        }
        let length: Int = try reader.optional(names.length) ?? 0
        return try SubnetPool(
            network, subnetLength: length == 0 ? nil : length, minimum: address(names.first),
            maximum: address(names.last))
    }

    /// The members of a family.
    private struct Names {
        let network, length, first, last: String

        init(_ family: AddressFamily) {
            (network, length, first, last) =
                switch family {
                case .v4: ("Network", "SubnetLen", "SubnetMin", "SubnetMax")
                case .v6: ("IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax")
                }
        }
    }

    /// The pool of a family; nil where that is off.
    package func pool(_ family: AddressFamily) -> SubnetPool? {
        pools.first { $0.network.family == family }
    }

    /// What all containers' addresses lie in, IPv4 first.
    package var networks: [CIDR] { pools.map(\.network) }
}
