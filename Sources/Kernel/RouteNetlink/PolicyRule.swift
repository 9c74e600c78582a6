package import Addressing
import CLinux
package import LinuxSystem
package import Netlink

/// A rule of the routing policy database that leads packets to a table by where they come from: ip-rule(8).
package struct PolicyRule: Hashable, Sendable {
    /// `from`; the rule's family is its.
    package var source: CIDR
    package var table: UInt32
    /// Of which the smaller comes first; nil lets the kernel choose one before those that it chose earlier.
    package var priority: UInt32?
    /// Who made it; kernels before 4.17 do not keep it.
    package var origin: Route.Origin
    /// Whether packets have to meet more than their source; always false of a rule that was not read.
    package private(set) var hasOtherConditions = false

    package init(from source: CIDR, to table: UInt32, priority: UInt32? = nil, origin: Route.Origin = .boot) {
        self.source = source
        self.table = table
        self.priority = priority
        self.origin = origin
    }

    /// Reads the payload of `RTM_NEWRULE`; nil for a rule of another family, or one that does something else.
    init?(reading payload: Span<UInt8>) throws(SystemError) {
        let family: AddressFamily
        switch try payload.integer(as: UInt8.self) {
        case UInt8(AF_INET): family = .v4
        case UInt8(AF_INET6): family = .v6
        default: return nil
        }
        guard try payload.integer(at: 7, as: UInt8.self) == UInt8(FR_ACT_TO_TBL) else { return nil }
        let sourceLength = Int(try payload.integer(at: 2, as: UInt8.self))
        source = .any(family)
        table = UInt32(try payload.integer(at: 4, as: UInt8.self))
        // The kernel leaves out a priority of zero.
        priority = 0
        origin = .unspecified
        let serviceType: UInt8 = try payload.integer(at: 3)
        let flags: UInt32 = try payload.integer(at: 8)
        hasOtherConditions = serviceType != 0 || flags & UInt32(FIB_RULE_INVERT) != 0
        try payload.forEachAttribute(from: RouteHeader.length) { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(FRA_SRC):
                if let address = IPAddress(bytes: value),
                    let network = CIDR(containing: address, prefixLength: sourceLength)
                {
                    source = network
                }
            case AttributeType(FRA_TABLE): table = try value.integer()
            case AttributeType(FRA_PRIORITY): priority = try value.integer()
            case AttributeType(FRA_PROTOCOL): origin = Route.Origin(rawValue: try value.integer())
            default: if Self.conditions.contains(type) { hasOtherConditions = true }
            }
        }
    }

    /// What a rule can ask of packets beside their source.
    private static let conditions: Set<AttributeType> = Set(
        [
            FRA_DST, FRA_IIFNAME, FRA_OIFNAME, FRA_FWMARK, FRA_TUN_ID, FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO,
            FRA_SPORT_RANGE, FRA_DPORT_RANGE,
        ].map { AttributeType($0) })

    func message(type: Int, flags: NetlinkFlags) -> NetlinkMessage {
        var message = NetlinkMessage(type: UInt16(type), flags: flags, header: RuleHeader(source: source))
        if !source.isDefault { message.append(AttributeType(FRA_SRC), bytes: source.first.bytes) }
        message.append(AttributeType(FRA_TABLE), table)
        if let priority { message.append(AttributeType(FRA_PRIORITY), priority) }
        message.append(AttributeType(FRA_PROTOCOL), origin.rawValue)
        return message
    }
}

extension PolicyRule: CustomStringConvertible {
    /// As ip-rule(8) takes it.
    package var description: String { "from \(source) lookup \(table)" }
}

/// `struct fib_rule_hdr`, whose members are where `struct rtmsg` has them.
private struct RuleHeader: NetlinkHeader {
    let source: CIDR

    func encode(into message: inout NetlinkMessage) {
        message.append(field: Optional(source.family).wireValue)
        message.append(field: UInt8(0))
        message.append(field: UInt8(truncatingIfNeeded: source.prefixLength))
        message.append(field: UInt8(0))
        // The table goes into FRA_TABLE, which has room for all numbers.
        message.append(field: UInt8(RT_TABLE_UNSPEC.rawValue))
        message.append(field: UInt16(0))
        message.append(field: UInt8(FR_ACT_TO_TBL))
        message.append(field: UInt32(0))
    }
}

extension NetlinkRequest {
    /// `ip rule add`; where the kernel chooses the priority it makes another one of a rule that is there already.
    package static func add(_ rule: PolicyRule) -> NetlinkRequest {
        NetlinkRequest(rule.message(type: RTM_NEWRULE, flags: [.create, .exclusive]), "add rule", "\(rule)")
    }

    /// `ip rule del`; `ENOENT` when there is none.
    package static func delete(_ rule: PolicyRule) -> NetlinkRequest {
        NetlinkRequest(rule.message(type: RTM_DELRULE, flags: []), "delete rule", "\(rule)")
    }
}

extension RouteSocket {
    /// The rules of IPv4 and IPv6 that lead to tables, those of a family in the order of their priorities.
    package mutating func rules() throws(SystemError) -> [PolicyRule] {
        let message = NetlinkMessage(type: UInt16(RTM_GETRULE), flags: .dump, header: RouteHeader())
        return try query(NetlinkRequest(message, "list rules")) { (_, payload) throws(SystemError) in
            try PolicyRule(reading: payload)
        }
    }
}
