public import Addressing
import CNI
import Hashing
import JSON

/// A host of the overlay, as the table has it.
public struct Node: Hashable, Sendable {
    public let name: String?
    /// Where the other hosts send its packets.
    public let publicIP: IPAddress
    /// Of its VXLAN device.
    public let mac: MACAddress
    public let shares: [Share]
    /// Its place in the table, for error texts.
    let place: String

    /// Addresses that are the node's alone.
    public struct Share: Hashable, Sendable {
        /// What is routed to it; nil in a segment.
        let subnet: CIDR?
        let range: IPRange
    }

    /// Reads an entry of the table.
    ///
    /// - Throws: an error with the place of what will not do.
    init(reading reader: JSONReader, _ configuration: VXLANConfiguration) throws(JSONError) {
        place = reader.path
        name = try reader.optional("name")
        publicIP = try reader.required("publicIP")
        guard !publicIP.isMulticast, !publicIP.isUnspecified, !publicIP.isLoopback,
            !configuration.networks.contains(where: { [publicIP] in $0.contains(publicIP) })
        else {
            throw JSONError(
                path: "\(place).publicIP",
                message: "expected an address that the other hosts reach, outside network "
                    + "\(configuration.networksText), got \(publicIP)")
        }
        mac = try reader.optional("vtepMAC") ?? .derived(vni: configuration.vni, publicIP: publicIP)
        guard !mac.isMulticast, !mac.isZero else {
            throw JSONError(path: "\(place).vtepMAC", message: "expected the address of one interface, got \(mac)")
        }
        switch configuration.mode {
        case .routed:
            shares = try reader.required("subnet", as: OneOrMore<CIDR>.self).elements.compactMap(Share.init)
        case .segment:
            let spans = try reader.optional("range", as: OneOrMore<AddressSpan>.self)?.elements ?? []
            shares = spans.map { Share(subnet: nil, range: $0.range) }
        }
        try checkShares(reader, configuration)
    }

    private func checkShares(_ reader: JSONReader, _ configuration: VXLANConfiguration) throws(JSONError) {
        func fail(_ message: String) -> JSONError {
            JSONError(path: "\(reader.path).\(configuration.shareMember)", message: message)
        }
        if configuration.mode.isRouted && shares.isEmpty { throw fail("expected a network") }
        for (index, share) in shares.enumerated() {
            guard configuration.network(of: share) != nil else {
                throw fail("\(share) is not in network \(configuration.networksText)")
            }
            guard !shares[..<index].contains(where: { $0.range.family == share.range.family }) else {
                throw fail("expected no more than one of \(share.range.family)")
            }
            // A gateway and a container, and in a subnet the first and the last address beside.
            guard share.range.count >= (share.subnet == nil ? 2 : 4) else {
                throw fail("\(share) has no room for a gateway and a container")
            }
        }
    }

    /// How error texts call the node.
    var title: String { name.map { "\($0) (\(publicIP))" } ?? "\(publicIP)" }

    /// What is routed to it; none in a segment.
    public var subnets: [CIDR] { shares.compactMap(\.subnet) }
}

extension Node.Share: CustomStringConvertible {
    init?(_ subnet: CIDR) {
        guard let range = IPRange(first: subnet.first, last: subnet.last) else { return nil }
        self.init(subnet: subnet, range: range)
    }

    public var description: String { subnet.map { "\($0)" } ?? "\(range)" }
}

extension MACAddress {
    /// The address of a host's VXLAN device, which every other host works out for itself.
    static func derived(vni: UInt32, publicIP: IPAddress) -> MACAddress {
        let digest = SHA512.digest(of: "vxlan \(vni) \(publicIP)".utf8)
        return MACAddress(locallyAdministeredFrom: digest.prefix(6).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
