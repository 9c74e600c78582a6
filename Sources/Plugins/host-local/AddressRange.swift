import Addressing
import CNI
import JSON

/// A part of a subnet that addresses are taken from, with the defaults filled in.
struct AddressRange: Hashable {
    let subnet: CIDR
    let addresses: IPRange
    /// Never handed out of this range; it need not lie in it.
    let gateway: IPAddress

    var family: AddressFamily { subnet.family }

    /// How many addresses can be leased.
    var capacity: UInt128 { addresses.count - (addresses.contains(gateway) ? 1 : 0) }

    /// - Parameters:
    ///   - subnet: as written, so that host bits can be pointed at.
    ///   - start: nil for the first address behind the network's own.
    ///   - end: nil for the last address, or in IPv4 the one before the broadcast address.
    ///   - gateway: nil for the first address behind the network's own.
    /// - Throws: code 7 for a range that no address can be taken from.
    init(subnet: InterfaceAddress, start: IPAddress?, end: IPAddress?, gateway: IPAddress?) throws(CNIError) {
        let network = subnet.network
        let hostBits = network.family.bitWidth - network.prefixLength
        guard hostBits >= 2 else {
            throw CNIError(.invalidConfiguration, "Network \(subnet) too small to allocate from")
        }
        guard subnet.address == network.address else {
            throw CNIError(
                .invalidConfiguration,
                "Network has host bits set. For a subnet mask of length \(subnet.prefixLength) "
                    + "the network address is \(network.address)")
        }
        let broadcast = network.last
        guard let second = network.first.next,
            let last = end ?? (network.family == .v4 ? broadcast.previous : broadcast)
        else {
            throw CNIError(.invalidConfiguration, "Network \(subnet) too small to allocate from")
        }
        let first = start ?? second
        if let start, !network.contains(start) || start > last {
            throw CNIError(.invalidConfiguration, "RangeStart \(start) not in network \(subnet)")
        }
        guard network.contains(last), let addresses = IPRange(first: first, last: last) else {
            throw CNIError(.invalidConfiguration, "RangeEnd \(last) not in network \(subnet)")
        }
        self.subnet = network
        self.addresses = addresses
        self.gateway = gateway ?? second
    }
}

extension AddressRange: CustomStringConvertible {
    var description: String { "\(addresses)" }
}

/// A range as a configuration spells it.
struct WrittenRange: JSONReadable {
    let subnet: InterfaceAddress
    let start: IPAddress?
    let end: IPAddress?
    let gateway: IPAddress?

    init(reading reader: JSONReader) throws(JSONError) {
        subnet = try reader.required("subnet")
        start = try reader.optionalAddress("rangeStart")
        end = try reader.optionalAddress("rangeEnd")
        gateway = try reader.optionalAddress("gateway")
    }

    func canonical() throws(CNIError) -> AddressRange {
        try AddressRange(subnet: subnet, start: start, end: end, gateway: gateway)
    }
}
