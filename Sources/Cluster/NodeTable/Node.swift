package import Addressing
import Hashing
import JSON

/// A host of the overlay, as the table has it.
package struct Node: Hashable, Sendable {
    package let name: String?
    /// Where the other hosts send its packets.
    package let publicIP: IPAddress
    /// Of its VXLAN device.
    package let mac: MACAddress
    package let shares: [Share]
    /// Its place in the table, for error texts.
    package let place: String

    /// Addresses that are the node's alone.
    package struct Share: Hashable, Sendable {
        /// What is routed to it; nil in a segment.
        package let subnet: CIDR?
        package let range: IPRange
        /// The range of the overlay that they lie in.
        package let network: CIDR
    }

    /// Reads an entry of the table.
    ///
    /// - Parameters:
    ///   - reader: the entry.
    ///   - networks: the overlay's ranges.
    ///   - vni: what the address of the node's device is derived from.
    ///   - isRouted: whether each node has subnets of its own, and not a range of one segment.
    /// - Throws: an error with the place of what will not do.
    init(reading reader: JSONReader, networks: [CIDR], vni: UInt32, isRouted: Bool) throws(JSONError) {
        place = reader.path
        name = try reader.optional("name")
        publicIP = try reader.required("publicIP")
        guard !publicIP.isMulticast, !publicIP.isUnspecified, !publicIP.isLoopback, !publicIP.isLinkLocal,
            publicIP != CIDR.any(.v4).last,
            !networks.contains(where: { [publicIP] in $0.contains(publicIP) })
        else {
            throw reader.fail(
                "expected an address that the other hosts reach, outside network \(Self.text(networks)), got "
                    + "\(publicIP)", at: "publicIP")
        }
        mac = try reader.optional("vtepMAC") ?? .derived(vni: vni, publicIP: publicIP)
        guard !mac.isMulticast, !mac.isZero else {
            throw reader.fail("expected the address of one interface, got \(mac)", at: "vtepMAC")
        }
        shares = try isRouted ? Self.subnets(reader, in: networks) : Self.ranges(reader, in: networks)
    }

    private static func subnets(_ reader: JSONReader, in networks: [CIDR]) throws(JSONError) -> [Share] {
        let subnets = try reader.required("subnet", as: OneOrMore<CIDR>.self).elements
        guard !subnets.isEmpty else { throw reader.fail("expected a network", at: "subnet") }
        let written = subnets.compactMap { subnet in
            IPRange(first: subnet.first, last: subnet.last).map { (subnet: Optional(subnet), range: $0) }
        }
        return try shares(written, in: networks) { reader.fail($0, at: "subnet") }
    }

    private static func ranges(_ reader: JSONReader, in networks: [CIDR]) throws(JSONError) -> [Share] {
        let ranges = try reader.optional("range", as: OneOrMore<AddressSpan>.self)?.elements.map(\.range) ?? []
        return try shares(ranges.map { (subnet: nil, range: $0) }, in: networks) { reader.fail($0, at: "range") }
    }

    private static func shares(
        _ written: [(subnet: CIDR?, range: IPRange)], in networks: [CIDR], _ fail: (String) -> JSONError
    ) throws(JSONError) -> [Share] {
        var shares: [Share] = []
        for (subnet, range) in written {
            var text: String { subnet.map { "\($0)" } ?? "\(range)" }
            guard let network = networks.first(where: { $0.contains(range.first) && $0.contains(range.last) }) else {
                throw fail("\(text) is not in network \(Self.text(networks))")
            }
            guard !shares.contains(where: { $0.range.family == range.family }) else {
                throw fail("expected no more than one of \(range.family)")
            }
            // A gateway and a container, and in a subnet the first and the last address beside.
            guard range.count >= (subnet == nil ? 2 : 4) else {
                throw fail("\(text) has no room for a gateway and a container")
            }
            shares.append(Share(subnet: subnet, range: range, network: network))
        }
        return shares
    }

    private static func text(_ networks: [CIDR]) -> String { networks.map { "\($0)" }.joined(separator: ", ") }

    /// How error texts call the node.
    package var title: String { name.map { "\($0) (\(publicIP))" } ?? "\(publicIP)" }

    /// What is routed to it; none in a segment.
    package var subnets: [CIDR] { shares.compactMap(\.subnet) }
}

extension Node.Share: CustomStringConvertible {
    package var description: String { subnet.map { "\($0)" } ?? "\(range)" }
}

extension MACAddress {
    /// The address of a host's VXLAN device, which every other host works out for itself.
    static func derived(vni: UInt32, publicIP: IPAddress) -> MACAddress {
        let digest = SHA512.digest(of: "vxlan \(vni) \(publicIP)".utf8)
        return MACAddress(locallyAdministeredFrom: digest.prefix(6).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
