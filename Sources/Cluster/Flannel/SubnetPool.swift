package import Addressing

/// The subnets of one family that hosts are given: all of one length, in a part of the network.
package struct SubnetPool: Hashable, Sendable {
    /// What all containers' addresses lie in.
    package let network: CIDR
    package let subnetLength: Int
    /// The first and the last subnet that is given away.
    package let first: CIDR
    package let last: CIDR

    /// Whether a subnet is one that may be given away.
    package func contains(_ subnet: CIDR) -> Bool {
        subnet.family == network.family && subnet.prefixLength == subnetLength
            && first.address <= subnet.address && subnet.address <= last.address
    }
}

extension SubnetPool {
    /// What the configuration says of a family, in the reference's order of checks.
    ///
    /// - Throws: what is wrong, in the reference's words.
    init(
        _ network: CIDR, subnetLength written: Int?, minimum: IPAddress?, maximum: IPAddress?
    ) throws(NetworkConfigurationError) {
        let names = Names(network.family)
        let length = try Self.length(written, network, names)
        let size = UInt128(1) << (network.family.bitWidth - length)
        func subnet(_ written: IPAddress?, _ usual: UInt128, _ name: String) throws(NetworkConfigurationError) -> CIDR {
            guard let address = written ?? IPAddress(family: network.family, bits: usual), network.contains(address),
                let subnet = CIDR(containing: address, prefixLength: length)
            else { throw .invalid("\(names.prefix)\(name) is not in the range of the \(names.network)") }
            return subnet
        }
        // The first of all subnets is left out: an interface with the network's own address confuses programs.
        let first = try subnet(minimum, network.first.bits &+ size, "SubnetMin")
        let last = try subnet(maximum, network.last.bits &- (size &- 1), "SubnetMax")
        for (name, subnet, written) in [("SubnetMin", first, minimum), ("SubnetMax", last, maximum)] {
            guard let written, written != subnet.address else { continue }
            throw .invalid("\(names.prefix)\(name) is not on a SubnetLen boundary: \(written)")
        }
        // The reference finds no subnet then, later.
        guard first.address <= last.address else {
            throw .invalid("\(names.prefix)SubnetMin \(first.address) comes after SubnetMax \(last.address)")
        }
        self.init(network: network, subnetLength: length, first: first, last: last)
    }

    private static func length(
        _ written: Int?, _ network: CIDR, _ names: Names
    ) throws(NetworkConfigurationError) -> Int {
        let width = network.family.bitWidth
        guard let written else {
            guard network.prefixLength <= width - 4 else {
                throw .invalid("\(names.subject) is too small. Minimum useful network prefix is /\(width - 4)")
            }
            let usual = network.family == .v4 ? 24 : 64
            return network.prefixLength <= usual - 2 ? usual : network.prefixLength + 2
        }
        guard written <= width - 2 else { throw .invalid("SubnetLen must be less than /\(width - 1)") }
        guard written >= network.prefixLength + 2 else {
            throw .invalid("network must be able to accommodate at least four subnets")
        }
        return written
    }

    /// What the reference's messages call things.
    private struct Names {
        let prefix: String
        let network: String
        let subject: String

        init(_ family: AddressFamily) {
            prefix = family == .v4 ? "" : "IPv6"
            network = "\(prefix)Network"
            subject = family == .v4 ? "network" : network
        }
    }
}
