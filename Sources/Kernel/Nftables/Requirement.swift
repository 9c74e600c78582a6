import Addressing
import CLinux

/// What a rule has to be sure of before it looks at what only some packets have.
///
/// As in nft(8), it is made sure of once in a rule, before the first statement that needs it.
enum Requirement: Hashable, Sendable {
    case networkProtocol(AddressFamily)
    case transportProtocol(InetProtocol)

    /// The steps that make sure of it; none where the table sees no other packets.
    func expressions(in table: TableFamily) -> [Expression] {
        switch (self, table) {
        case (.networkProtocol(.v4), .ipv4), (.networkProtocol(.v6), .ipv6): []
        case (.networkProtocol(let family), .bridge): [.load(.etherType), .isEqual(to: family.etherType)]
        case (.networkProtocol(let family), _): [.load(.networkProtocol), .isEqual(to: [family.protocolNumber])]
        case (.transportProtocol(let number), _): [.load(.transportProtocol), .isEqual(to: [number.rawValue])]
        }
    }
}

extension AddressFamily {
    /// `NFPROTO_…`.
    var protocolNumber: UInt8 {
        switch self {
        case .v4: UInt8(NFPROTO_IPV4)
        case .v6: UInt8(NFPROTO_IPV6)
        }
    }

    /// In network order, of linux/if_ether.h.
    fileprivate var etherType: [UInt8] {
        let number =
            switch self {
            case .v4: ETH_P_IP
            case .v6: ETH_P_IPV6
            }
        return [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }
}
