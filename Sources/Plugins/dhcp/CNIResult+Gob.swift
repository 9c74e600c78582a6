import Addressing
import CNI
import GoRPC

/// A result as plugin and daemon hand it over: `Result` of the reference's types/100.
extension CNIResult {
    static let gobType = GobType.structure(
        "Result",
        [
            .init("CNIVersion", .string), .init("IPs", .list("[]*types100.IPConfig", of: Part.address)),
            .init("Routes", .list("[]*types.Route", of: Part.route)), .init("DNS", Part.dns),
        ])

    private enum Part {
        static let network = GobType.structure("IPNet", [.init("IP", .bytes), .init("Mask", .bytes)])
        static let address = GobType.structure(
            "IPConfig", [.init("Address", network), .init("Gateway", .bytes)])
        static let route = GobType.structure(
            "Route",
            [.init("Dst", network), .init("GW", .bytes), .init("Priority", .integer), .init("Scope", .integer)])
        static let texts = GobType.list("[]string", of: .string)
        static let dns = GobType.structure(
            "DNS", [.init("Nameservers", texts), .init("Domain", .string), .init("Search", texts)])
    }

    var gobValue: GobValue {
        .structure([
            "IPs": .list(addresses.map(\.gobValue)), "Routes": .list(routes.map(\.gobValue)), "DNS": dns.gobValue,
        ])
    }

    /// Reads what a daemon answered; nil when an address or a route in it is none.
    init?(_ value: GobValue) {
        self.init()
        for entry in value["IPs"]?.list ?? [] {
            guard let (address, length) = Self.network(entry["Address"]),
                let interface = InterfaceAddress(address, prefixLength: length)
            else { return nil }
            addresses.append(Address(interface, gateway: Self.address(entry["Gateway"])))
        }
        for entry in value["Routes"]?.list ?? [] {
            guard let (address, length) = Self.network(entry["Dst"]),
                let destination = CIDR(containing: address, prefixLength: length)
            else { return nil }
            var route = Route(to: destination, via: Self.address(entry["GW"]))
            route.mtu = entry["MTU"]?.integer.flatMap(UInt32.init(exactly:))
            route.advertisedMSS = entry["AdvMSS"]?.integer.flatMap(UInt32.init(exactly:))
            route.priority = entry["Priority"]?.integer.flatMap(UInt32.init(exactly:))
            route.table = entry["Table"]?.integer.flatMap(UInt32.init(exactly:))
            route.scope = entry["Scope"]?.integer.flatMap(UInt8.init(exactly:))
            routes.append(route)
        }
        func texts(_ name: String) -> [String] { value["DNS"]?[name]?.list?.compactMap(\.string) ?? [] }
        dns.nameservers = texts("Nameservers")
        dns.domain = value["DNS"]?["Domain"]?.string
        dns.search = texts("Search")
        dns.options = texts("Options")
    }

    private static func address(_ value: GobValue?) -> IPAddress? {
        guard let bytes = value?.bytes, let address = IPAddress(bytes: bytes.span) else { return nil }
        // Go keeps either family in 16 bytes.
        guard case .v6(let long) = address, let short = long.mappedIPv4 else { return address }
        return .v4(short)
    }

    private static func network(_ value: GobValue?) -> (IPAddress, Int)? {
        guard let address = address(value?["IP"]), let mask = value?["Mask"]?.bytes,
            mask.count * 8 == address.family.bitWidth || mask.count == 16
        else { return nil }
        let bits = mask.reduce(0 as UInt128) { $0 << 8 | UInt128($1) } << UInt128(128 - mask.count * 8)
        let ones = bits.nonzeroBitCount
        // The mask of an IPv4 address in 16 bytes begins with 96 ones.
        let length = address.family == .v4 && mask.count == 16 ? ones - 96 : ones
        return length >= 0 && ones == (~bits).leadingZeroBitCount ? (address, length) : nil
    }
}

extension CNIResult.Address {
    fileprivate var gobValue: GobValue {
        .structure([
            "Address": .network(address.address, address.prefixLength), "Gateway": .bytes(gateway?.bytes ?? []),
        ])
    }
}

extension CNIResult.Route {
    fileprivate var gobValue: GobValue {
        .structure([
            "Dst": .network(destination.address, destination.prefixLength), "GW": .bytes(gateway?.bytes ?? []),
            "Priority": .integer(Int64(priority ?? 0)), "Scope": .integer(Int64(scope ?? 0)),
        ])
    }
}

extension CNIResult.DNS {
    fileprivate var gobValue: GobValue {
        .structure([
            "Nameservers": .list(nameservers.map(GobValue.string)), "Domain": .string(domain ?? ""),
            "Search": .list(search.map(GobValue.string)),
        ])
    }
}

extension GobValue {
    /// `net.IPNet` of an IPv4 address.
    fileprivate static func network(_ address: IPAddress, _ prefixLength: Int) -> GobValue {
        let mask = UInt32(truncatingIfNeeded: ~(UInt64(UInt32.max) >> UInt64(prefixLength)))
        return .structure(["IP": .bytes(address.bytes), "Mask": .bytes(IPv4Address(rawValue: mask).bytes)])
    }
}
