package import Addressing
import CLinux
import LinuxSystem
import Netlink

/// A route.
package struct Route: Hashable, Sendable {
    package var kind: Kind
    package var destination: CIDR
    /// Nil: the destination is on the link.
    package var gateway: IPAddress?
    package var device: InterfaceIndex?
    /// What packets come from unless their sender says otherwise: `ip route … src ADDRESS`; nil lets the kernel choose.
    package var preferredSource: IPAddress?
    /// The metric, of which the smaller wins; nil: the kernel's default.
    package var priority: UInt32?
    /// Nil: the main table.
    package var table: UInt32?
    /// `rtm_scope`, as in rtnetlink(7): 0 universe, 253 link, 254 host.
    package var scope: UInt8
    /// Who made it, `rtm_protocol`.
    package var origin: Origin
    /// The gateway is taken to be on the link, whatever the other routes say.
    package var isOnLink: Bool
    /// Bytes.
    package var mtu: UInt32?
    /// The maximum segment size that TCP advertises, in bytes.
    package var advertisedMSS: UInt32?
    /// It was read of a route with several next hops, of which it has one.
    package private(set) var isOneOfSeveral: Bool

    /// Makes a unicast route.
    package init(
        to destination: CIDR, via gateway: IPAddress? = nil, device: InterfaceIndex? = nil, priority: UInt32? = nil,
        table: UInt32? = nil, scope: UInt8 = 0, origin: Origin = .boot, isOnLink: Bool = false, mtu: UInt32? = nil,
        advertisedMSS: UInt32? = nil
    ) {
        self.destination = destination
        self.gateway = gateway
        self.device = device
        self.priority = priority
        self.table = table
        self.scope = scope
        self.origin = origin
        self.isOnLink = isOnLink
        self.mtu = mtu
        self.advertisedMSS = advertisedMSS
        kind = .unicast
        isOneOfSeveral = false
    }

    /// What becomes of packets, `rtm_type`.
    package struct Kind: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        package static let unicast = Kind(rawValue: UInt8(RTN_UNICAST))
        /// What is for this host.
        package static let local = Kind(rawValue: UInt8(RTN_LOCAL))
        package static let blackhole = Kind(rawValue: UInt8(RTN_BLACKHOLE))
        package static let unreachable = Kind(rawValue: UInt8(RTN_UNREACHABLE))
        package static let prohibit = Kind(rawValue: UInt8(RTN_PROHIBIT))
        package static let `throw` = Kind(rawValue: UInt8(RTN_THROW))
    }

    /// The metric in effect.
    package var metric: UInt32 { priority ?? Self.defaultPriority(destination.family) }

    /// The same without a way, for deleting a route with all its next hops.
    package var withoutNextHop: Route {
        var route = self
        route.gateway = nil
        route.device = nil
        route.isOnLink = false
        return route
    }

    /// A number of `/etc/iproute2/rt_protos`.
    package struct Origin: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// What says nothing: `RTPROT_UNSPEC`.
        package static let unspecified = Origin(rawValue: UInt8(RTPROT_UNSPEC))

        /// What nobody else claims: `RTPROT_BOOT`.
        package static let boot = Origin(rawValue: UInt8(RTPROT_BOOT))

        /// What the kernel makes with an address or a link.
        package static let kernel = Origin(rawValue: UInt8(RTPROT_KERNEL))

        /// This suite's own on a host, a number that the known routing daemons do not use: `ip route show proto 193`.
        package static let suite = Origin(rawValue: AssignedAddress.ownProtocol)
    }

    /// The scope of what is on the link, in IPv4 alone.
    package static let linkScope = UInt8(RT_SCOPE_LINK.rawValue)

    /// The number of the main table.
    package static let mainTable = UInt32(RT_TABLE_MAIN.rawValue)

    /// The number of the table of this host's own addresses.
    package static let localTable = UInt32(RT_TABLE_LOCAL.rawValue)

    /// Reads the payload of `RTM_NEWROUTE`: a route for each next hop.
    static func list(_ payload: Span<UInt8>) throws(SystemError) -> [Route] {
        let route = try Route(reading: payload)
        var routes: [Route] = []
        try payload.forEachAttribute(from: RouteHeader.length) { (type, value) throws(SystemError) in
            guard type == AttributeType(RTA_MULTIPATH.rawValue) else { return }
            try routes.append(contentsOf: route.nextHops(value))
        }
        return routes.isEmpty ? [route] : routes
    }

    /// Reads the payload of `RTM_NEWROUTE`: the route by the first of its next hops.
    static func first(_ payload: Span<UInt8>) throws(SystemError) -> Route? {
        let route = try Route(reading: payload)
        return route.device == nil ? try list(payload).first : route
    }

    /// This route by each of the next hops: `struct rtnexthop`, with the attributes of each behind it.
    private func nextHops(_ hops: Span<UInt8>) throws(SystemError) -> [Route] {
        let headerLength = 8
        var routes: [Route] = []
        var position = 0
        while hops.count - position >= headerLength {
            let length = Int(try hops.integer(at: position, as: UInt16.self))
            guard length >= headerLength, length <= hops.count - position else {
                throw SystemError("read netlink message", nil, .badMessage)
            }
            var route = self
            let hop = hops.extracting(position..<position + length)
            route.isOnLink = try hop.integer(at: 2, as: UInt8.self) & UInt8(RTNH_F_ONLINK) != 0
            route.device = InterfaceIndex(rawValue: try hop.integer(at: 4))
            try hop.forEachAttribute(from: headerLength) { (type, value) throws(SystemError) in
                if type == AttributeType(RTA_GATEWAY.rawValue) { route.gateway = IPAddress(bytes: value) }
            }
            route.isOneOfSeveral = hops.count > length
            routes.append(route)
            position += (length + 3) & ~3
        }
        return routes
    }

    /// Reads the payload of `RTM_NEWROUTE`, several next hops aside.
    private init(reading payload: Span<UInt8>) throws(SystemError) {
        let family: UInt8 = try payload.integer()
        let destinationLength = Int(try payload.integer(at: 1, as: UInt8.self))
        origin = Origin(rawValue: try payload.integer(at: 5))
        scope = try payload.integer(at: 6)
        isOnLink = try payload.integer(at: 8, as: UInt32.self) & UInt32(RTNH_F_ONLINK) != 0
        kind = Kind(rawValue: try payload.integer(at: 7))
        isOneOfSeveral = false
        let isV4 = family == UInt8(AF_INET)
        destination = isV4 ? .any(.v4) : .any(.v6)
        table = UInt32(try payload.integer(at: 4, as: UInt8.self))
        try payload.forEachAttribute(from: RouteHeader.length) { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(RTA_DST.rawValue):
                if let address = IPAddress(bytes: value),
                    let network = CIDR(containing: address, prefixLength: destinationLength)
                {
                    destination = network
                }
            case AttributeType(RTA_GATEWAY.rawValue): gateway = IPAddress(bytes: value)
            case AttributeType(RTA_OIF.rawValue): device = InterfaceIndex(rawValue: try value.integer())
            case AttributeType(RTA_PREFSRC.rawValue): preferredSource = IPAddress(bytes: value)
            case AttributeType(RTA_PRIORITY.rawValue):
                let number: UInt32 = try value.integer()
                priority = number == Self.defaultPriority(destination.family) ? nil : number
            case AttributeType(RTA_TABLE.rawValue): table = try value.integer()
            case AttributeType(RTA_METRICS.rawValue): try readMetrics(value)
            default: break
            }
        }
    }

    /// What the kernel gives a route without a priority: none to IPv4, `IP6_RT_PRIO_USER` of `linux/ipv6_route.h` to IPv6.
    package static func defaultPriority(_ family: AddressFamily) -> UInt32 {
        family == .v4 ? 0 : 1024
    }

    private mutating func readMetrics(_ metrics: Span<UInt8>) throws(SystemError) {
        try metrics.forEachAttribute { (type, value) throws(SystemError) in
            switch type {
            case AttributeType(RTAX_MTU): mtu = try value.integer()
            case AttributeType(RTAX_ADVMSS): advertisedMSS = try value.integer()
            default: break
            }
        }
    }

    func message(type: Int, flags: NetlinkFlags) -> NetlinkMessage {
        let header = RouteHeader(
            family: destination.family, destinationLength: destination.prefixLength,
            protocolNumber: origin.rawValue, scope: scope, type: kind.rawValue,
            flags: isOnLink ? UInt32(RTNH_F_ONLINK) : 0)
        var message = NetlinkMessage(type: UInt16(type), flags: flags, header: header)
        if !destination.isDefault { message.append(AttributeType(RTA_DST.rawValue), bytes: destination.address.bytes) }
        message.append(AttributeType(RTA_TABLE.rawValue), table ?? Self.mainTable)
        if let gateway { message.append(AttributeType(RTA_GATEWAY.rawValue), bytes: gateway.bytes) }
        if let device { message.append(AttributeType(RTA_OIF.rawValue), device.rawValue) }
        if let preferredSource { message.append(AttributeType(RTA_PREFSRC.rawValue), bytes: preferredSource.bytes) }
        if let priority { message.append(AttributeType(RTA_PRIORITY.rawValue), priority) }
        if mtu != nil || advertisedMSS != nil {
            message.nest(AttributeType(RTA_METRICS.rawValue)) { message in
                if let mtu { message.append(AttributeType(RTAX_MTU), mtu) }
                if let advertisedMSS { message.append(AttributeType(RTAX_ADVMSS), advertisedMSS) }
            }
        }
        return message
    }
}

extension Route: CustomStringConvertible {
    /// As ip-route(8) takes it, the device aside.
    package var description: String {
        var words = [destination.isDefault ? "default" : "\(destination)"]
        if let word = kind.word { words.insert(word, at: 0) }
        if let gateway { words.append("via \(gateway)") }
        if isOneOfSeveral { words.append("and others") }
        if let table, table != Self.mainTable { words.append("table \(table)") }
        if let priority { words.append("metric \(priority)") }
        if let mtu { words.append("mtu \(mtu)") }
        if let advertisedMSS { words.append("advmss \(advertisedMSS)") }
        return words.joined(separator: " ")
    }
}

extension Route.Kind {
    /// As ip-route(8) has it before the destination; nil for unicast, where it says nothing.
    fileprivate var word: String? {
        switch self {
        case .unicast: nil
        case .local: "local"
        case .blackhole: "blackhole"
        case .unreachable: "unreachable"
        case .prohibit: "prohibit"
        case .throw: "throw"
        default: "type \(rawValue)"
        }
    }
}
