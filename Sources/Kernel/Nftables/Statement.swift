package import Addressing
import CLinux

/// A match or an action of a rule, in the words of nft(8).
package struct Statement: Hashable, Sendable {
    let expressions: [Expression]

    private init(_ expressions: [Expression]) {
        self.expressions = expressions
    }

    /// Goes on when the packet comes from the network: `ip saddr 10.1.0.0/16`, `ip6 saddr != fd00::/64`.
    package static func sourceAddress(in network: CIDR, negated: Bool = false) -> Statement {
        Statement(loading(.source, network.family) + comparing(network, negated))
    }

    /// Goes on when the packet goes to the network: `ip daddr 10.1.0.0/16`, `ip6 daddr != fd00::/64`.
    package static func destinationAddress(in network: CIDR, negated: Bool = false) -> Statement {
        Statement(loading(.destination, network.family) + comparing(network, negated))
    }

    /// Does what a map says of the packet's source: `ip saddr vmap @map`.
    package static func sourceAddressVerdict(_ family: AddressFamily, from map: VerdictMap) -> Statement {
        Statement(loading(.source, family) + [.lookup(map)])
    }

    /// Does what a map says of the interface that the packet came in by: `iifname vmap @map`.
    package static func inputInterfaceVerdict(from map: VerdictMap) -> Statement {
        Statement([.inputInterfaceName, .lookup(map)])
    }

    /// Goes on unless the frame comes from the address: `ether saddr != 02:00:00:00:00:01`.
    package static func sourceMAC(otherThan mac: MACAddress) -> Statement {
        // IEEE 802.3, section 3.2: the destination's six bytes come first.
        Statement([.linkHeader(offset: 6, length: 6), .compare(.notEqual, mac.bytes)])
    }

    package static func verdict(_ verdict: Verdict) -> Statement {
        Statement([.verdict(verdict)])
    }

    /// Gives the connection the address of the interface that it leaves by.
    package static let masquerade = Statement([.masquerade])

    private enum Direction {
        case source
        case destination
    }

    /// Loads an address after making sure of the protocol, which an `inet` table leaves open.
    private static func loading(_ direction: Direction, _ family: AddressFamily) -> [Expression] {
        let header: Expression
        switch (family, direction) {
        // RFC 791, section 3.1; RFC 8200, section 3.
        case (.v4, .source): header = .networkHeader(offset: 12, length: 4)
        case (.v4, .destination): header = .networkHeader(offset: 16, length: 4)
        case (.v6, .source): header = .networkHeader(offset: 8, length: 16)
        case (.v6, .destination): header = .networkHeader(offset: 24, length: 16)
        }
        return [.networkProtocol, .compare(.equal, [family.protocolNumber]), header]
    }

    private static func comparing(_ network: CIDR, _ negated: Bool) -> [Expression] {
        let compare = Expression.compare(negated ? .notEqual : .equal, network.address.bytes)
        return network.prefixLength == network.family.bitWidth ? [compare] : [.mask(network.mask), compare]
    }
}

extension AddressFamily {
    fileprivate var protocolNumber: UInt8 {
        switch self {
        case .v4: UInt8(NFPROTO_IPV4)
        case .v6: UInt8(NFPROTO_IPV6)
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
