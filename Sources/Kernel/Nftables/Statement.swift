package import Addressing
import CLinux

/// A match or an action of a rule, in the words of nft(8).
///
/// Rules are made of the same steps that nft(8) makes of these words, so that a ruleset which it lists and loads again
/// does not differ.
package struct Statement: Hashable, Sendable {
    let requirements: [Requirement]
    let expressions: [Expression]

    private init(_ requirements: [Requirement] = [], _ expressions: [Expression]) {
        self.requirements = requirements
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

    /// Does what a map says of the packet's source: `ip saddr vmap @map`.
    package static func sourceAddressVerdict(_ family: AddressFamily, from map: VerdictMap) -> Statement {
        Statement(
            [.networkProtocol(family)], [.load(.sourceAddress(family)), .lookUp(inMap: map.name, into: .verdict)])
    }

    /// Does what a map says of the interface that the packet came in by: `iifname vmap @map`.
    package static func inputInterfaceVerdict(from map: VerdictMap) -> Statement {
        Statement([], [.load(.inputInterfaceName), .lookUp(inMap: map.name, into: .verdict)])
    }

    /// Goes on unless the frame comes from the address: `ether saddr != 02:00:00:00:00:01`.
    package static func sourceMAC(otherThan mac: MACAddress) -> Statement {
        // IEEE 802.3, section 3.2: the destination's six bytes come first.
        Statement([], [.load(.link(offset: 6, count: 6)), .isDifferent(from: mac.bytes)])
    }

    package static func verdict(_ verdict: Verdict) -> Statement {
        Statement([], [.verdict(verdict)])
    }

    /// Gives the connection the address of the interface that it leaves by.
    package static let masquerade = Statement([], [.masquerade])

    private static func address(_ bytes: HeaderBytes, _ network: CIDR, _ isNegated: Bool) -> Statement {
        var bytes = bytes
        var wanted = network.address.bytes
        var steps: [Expression] = []
        if network.prefixLength > 0, network.prefixLength.isMultiple(of: 8) {
            // Whole bytes need no mask.
            wanted = Array(wanted.prefix(network.prefixLength / 8))
            bytes.count = UInt32(truncatingIfNeeded: wanted.count)
        } else {
            steps.append(.mask(network.mask))
        }
        steps.append(isNegated ? .isDifferent(from: wanted) : .isEqual(to: wanted))
        return Statement([.networkProtocol(network.family)], [.load(bytes)] + steps)
    }
}

extension HeaderBytes {
    /// RFC 791, section 3.1; RFC 8200, section 3.
    fileprivate static func sourceAddress(_ family: AddressFamily) -> HeaderBytes {
        switch family {
        case .v4: .network(offset: 12, count: 4)
        case .v6: .network(offset: 8, count: 16)
        }
    }

    fileprivate static func destinationAddress(_ family: AddressFamily) -> HeaderBytes {
        switch family {
        case .v4: .network(offset: 16, count: 4)
        case .v6: .network(offset: 24, count: 16)
        }
    }
}

extension CIDR {
    /// The bytes of an address whose bits are one as far as the prefix goes.
    fileprivate var mask: [UInt8] {
        stride(from: 0, to: family.bitWidth, by: 8).map { bit in
            UInt8(truncatingIfNeeded: 0xff00 >> max(0, min(8, prefixLength - bit)))
        }
    }
}
