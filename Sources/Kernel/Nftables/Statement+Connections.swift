import CLinux

/// What the kernel knows of a packet's connection, and what others may note down with it.
extension Statement {
    /// Goes on when the packet's connection is in one of some states: `ct state established,related`.
    package static func connection(isIn states: ConnectionState) -> Statement {
        Statement([], [.load(.state)] + anyBit(of: states.rawValue))
    }

    /// Goes on when one of some things has been done to the connection: `ct status dnat`.
    package static func connection(has status: ConnectionStatus) -> Statement {
        Statement([], [.load(.status)] + anyBit(of: status.rawValue))
    }

    private static func anyBit(of bits: UInt32) -> [Expression] {
        [.mask(bits.hostBytes), .isDifferent(from: UInt32(0).hostBytes)]
    }

    /// Goes on when the packet's destination is an address of this host: `fib daddr type local`.
    package static let destinationIsLocal = Statement(
        [], [.loadDestinationType(), .isEqual(to: UInt32(RTN_LOCAL).hostBytes)])

    // MARK: Marks

    /// Goes on when a mark has all of some bits: `meta mark & 0x2000 == 0x2000`.
    package static func match(_ mark: Mark, bits: UInt32) -> Statement {
        Statement([], [mark.load, .mask(bits.hostBytes), .isEqual(to: bits.hostBytes)])
    }

    /// Sets a mark, or those of its bits that a mask names: `meta mark set 0x1`, `ct mark set ct mark | 0x2000`.
    package static func set(_ mark: Mark, to value: UInt32, mask: UInt32 = .max) -> Statement {
        guard mask != .max else { return Statement([], [.immediate(value.hostBytes), mark.set]) }
        return Statement([], [mark.load, .mask((~mask).hostBytes, inverting: (value & mask).hostBytes), mark.set])
    }

    /// Sets a mark to what the other one is: `ct mark set meta mark`.
    package static func set(_ mark: Mark, from other: Mark) -> Statement {
        Statement([], [other.load, mark.set])
    }
}

/// A number that rules and others note down.
package enum Mark: Hashable, Sendable {
    /// With a packet, as long as it is on this host: `meta mark`.
    case packet
    /// With a connection: `ct mark`.
    case connection

    fileprivate var load: Expression {
        switch self {
        case .packet: .load(.mark as MetaKey)
        case .connection: .load(.mark as ConnectionKey)
        }
    }

    fileprivate var set: Expression {
        switch self {
        case .packet: .set(.mark as MetaKey)
        case .connection: .set(.mark as ConnectionKey)
        }
    }
}

/// States of a connection, as bits: `NF_CT_STATE_BIT` of linux/netfilter/nf_conntrack_common.h.
package struct ConnectionState: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    private init(_ state: ip_conntrack_info) {
        rawValue = 1 << (state.rawValue % IP_CT_IS_REPLY.rawValue + 1)
    }

    package static let invalid = ConnectionState(rawValue: UInt32(NF_CT_STATE_INVALID_BIT))
    package static let established = ConnectionState(IP_CT_ESTABLISHED)
    package static let related = ConnectionState(IP_CT_RELATED)
    package static let new = ConnectionState(IP_CT_NEW)
}

/// What has been done to a connection: `enum ip_conntrack_status`.
package struct ConnectionStatus: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `snat`.
    package static let sourceNAT = ConnectionStatus(rawValue: IPS_SRC_NAT.rawValue)
    /// `dnat`.
    package static let destinationNAT = ConnectionStatus(rawValue: IPS_DST_NAT.rawValue)
}
