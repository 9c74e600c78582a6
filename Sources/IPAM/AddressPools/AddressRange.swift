package import Addressing

/// A part of a subnet that addresses are taken from, with the defaults filled in.
package struct AddressRange: Hashable {
    package let subnet: CIDR
    package let addresses: IPRange
    /// Never handed out of this range; it need not lie in it.
    package let gateway: IPAddress

    /// Why no address can be taken from a range as it is written.
    package struct Defect: Error, Hashable {
        /// The member of the configuration that is wrong.
        package let member: String
        package let message: String
    }

    package var family: AddressFamily { subnet.family }

    /// - Parameters:
    ///   - subnet: as written, so that host bits can be pointed at.
    ///   - start: nil for the first address behind the network's own.
    ///   - end: nil for the last address, or in IPv4 the one before the broadcast address.
    ///   - gateway: nil for the first address behind the network's own.
    /// - Throws: what is wrong, in the reference's words.
    package init(subnet: InterfaceAddress, start: IPAddress?, end: IPAddress?, gateway: IPAddress?) throws(Defect) {
        let network = subnet.network
        let broadcast = network.last
        guard network.family.bitWidth - network.prefixLength >= 2, let second = network.first.next,
            let last = end ?? (network.family == .v4 ? broadcast.previous : broadcast)
        else {
            throw Defect(member: "subnet", message: "Network \(subnet) too small to allocate from")
        }
        guard subnet.address == network.address else {
            throw Defect(
                member: "subnet",
                message: "Network has host bits set. For a subnet mask of length \(subnet.prefixLength) "
                    + "the network address is \(network.address)")
        }
        if let start, !network.contains(start) || start > last {
            throw Defect(member: "rangeStart", message: "RangeStart \(start) not in network \(subnet)")
        }
        guard network.contains(last), let addresses = IPRange(first: start ?? second, last: last) else {
            throw Defect(member: "rangeEnd", message: "RangeEnd \(last) not in network \(subnet)")
        }
        self.subnet = network
        self.addresses = addresses
        self.gateway = gateway ?? second
    }
}

extension AddressRange: CustomStringConvertible {
    package var description: String { "\(addresses)" }
}
