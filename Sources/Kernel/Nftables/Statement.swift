package import Addressing

/// A match or an action of a rule, in the words of nft(8).
///
/// Rules are made of the same steps that nft(8) makes of these words, so that a ruleset which it lists and loads again
/// does not differ.
package struct Statement: Hashable, Sendable {
    let requirements: [Requirement]
    let expressions: [Expression]

    init(_ requirements: [Requirement?], _ expressions: [Expression] = []) {
        self.requirements = requirements.compactMap { $0 }
        self.expressions = expressions
    }

    /// Goes on when the packet comes from the network: `ip saddr 10.1.0.0/16`, `ip6 saddr != fd00::/64`.
    package static func sourceAddress(in network: CIDR, negated: Bool = false) -> Statement {
        address(.sourceAddress(network.family), network, negated)
    }

    /// Goes on when the packet goes to the network: `ip daddr 10.1.0.0/16`, `ip6 daddr != fd00::/64`.
    package static func destinationAddress(in network: CIDR, negated: Bool = false) -> Statement {
        address(.destinationAddress(network.family), network, negated)
    }

    /// Goes on when a packet has a value: `iifname "eth0"`, `tcp dport 80`, `ether saddr != 02:00:00:00:00:01`.
    package static func match(_ field: Field, _ value: DataValue, negated: Bool = false) -> Statement {
        Statement(
            [field.requirement], field.load() + [negated ? .isDifferent(from: value.bytes) : .isEqual(to: value.bytes)])
    }

    /// Goes on when a set has what the packet has: `ip saddr . ip daddr @set`, `iifname != @set`.
    package static func match(_ fields: [Field], in set: NftablesSet, negated: Bool = false) -> Statement {
        Statement(fields.map(\.requirement), fields.load() + [.isMember(of: set, negated: negated)])
    }

    /// Goes on when the packet carries a protocol: `meta l4proto tcp`.
    package static func transportProtocol(_ number: InetProtocol) -> Statement {
        Statement([.transportProtocol(number)])
    }

    /// Does what a map says of the packet, if it says anything: `ip saddr vmap @map`.
    package static func verdict(of fields: [Field], from map: NftablesSet) -> Statement {
        Statement(fields.map(\.requirement), fields.load() + [.lookUp(in: map, into: .verdict)])
    }

    package static func verdict(_ verdict: Verdict) -> Statement {
        Statement([], [.verdict(verdict)])
    }

    /// Counts the packets that come this far, and their bytes.
    package static let counter = Statement([], [.counter])

    private static func address(_ bytes: HeaderBytes, _ network: CIDR, _ isNegated: Bool) -> Statement {
        var bytes = bytes
        var wanted = network.address.bytes
        var steps: [Expression] = []
        if network.prefixLength > 0, network.prefixLength.isMultiple(of: 8) {
            // Whole bytes need no mask.
            wanted = Array(wanted.prefix(network.prefixLength / 8))
            bytes.count = UInt32(truncatingIfNeeded: wanted.count)
        } else {
            steps.append(.mask(network.family.mask(ofLength: network.prefixLength)))
        }
        steps.append(isNegated ? .isDifferent(from: wanted) : .isEqual(to: wanted))
        return Statement([.networkProtocol(network.family)], [.load(bytes)] + steps)
    }
}

extension [Field] {
    /// Loads the fields one behind the other, as the keys of sets have them.
    func load() -> [Expression] {
        var word = 0
        return flatMap { field in
            defer { word += field.type.words }
            return field.load(into: Register(word: word))
        }
    }
}

extension AddressFamily {
    /// The bytes of an address whose bits are one as far as a prefix goes.
    func mask(ofLength prefixLength: Int) -> [UInt8] {
        stride(from: 0, to: bitWidth, by: 8).map { bit in
            UInt8(truncatingIfNeeded: 0xff00 >> max(0, min(8, prefixLength - bit)))
        }
    }
}
