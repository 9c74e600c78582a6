package import Addressing

/// What a rule looks at in a packet, in the words of nft(8).
package struct Field: Hashable, Sendable {
    let type: DataType
    /// What makes sure that a packet has it; nil when all have.
    let requirement: Requirement?
    private let source: Source
    /// The bits that are looked at; nil for all.
    private let mask: [UInt8]?

    private enum Source: Hashable, Sendable {
        case meta(MetaKey)
        case header(HeaderBytes)
        case connection(ConnectionKey)
    }

    private init(
        _ source: Source, _ type: DataType, requires requirement: Requirement? = nil, mask: [UInt8]? = nil
    ) {
        self.source = source
        self.type = type
        self.requirement = requirement
        self.mask = mask
    }

    /// Loads all of it.
    func load(into register: Register = .first) -> [Expression] {
        let load: Expression =
            switch source {
            case .meta(let key): .load(key, into: register)
            case .header(let bytes): .load(bytes, into: register)
            case .connection(let key): .load(key, into: register)
            }
        return [load] + (mask.map { [.mask($0, in: register)] } ?? [])
    }

    // MARK: Where from and where to

    /// `ip saddr`, `ip6 saddr`.
    package static func sourceAddress(_ family: AddressFamily) -> Field {
        Field(.header(.sourceAddress(family)), .address(family), requires: .networkProtocol(family))
    }

    /// `ip saddr & 255.255.255.0`: the first address of the network of a length that the packet comes from.
    package static func sourceNetwork(_ family: AddressFamily, prefixLength: Int) -> Field {
        let mask = prefixLength < family.bitWidth ? family.mask(ofLength: prefixLength) : nil
        return Field(
            .header(.sourceAddress(family)), .address(family), requires: .networkProtocol(family), mask: mask)
    }

    /// `ip daddr`, `ip6 daddr`.
    package static func destinationAddress(_ family: AddressFamily) -> Field {
        Field(.header(.destinationAddress(family)), .address(family), requires: .networkProtocol(family))
    }

    /// `ether saddr`, in a table of family `bridge`.
    package static let sourceMAC = Field(.header(.sourceMAC), .etherAddress)

    /// `iifname`.
    package static let inputInterface = Field(.meta(.inputInterfaceName), .interfaceName)

    /// `oifname`.
    package static let outputInterface = Field(.meta(.outputInterfaceName), .interfaceName)

    /// `oifkind`: as in `ip link show type`, nothing for a network card.
    package static let outputInterfaceKind = Field(.meta(.outputInterfaceKind), .interfaceName)

    /// `iifkind`.
    package static let inputInterfaceKind = Field(.meta(.inputInterfaceKind), .interfaceName)

    /// `ct original ip daddr`: where a connection was to go before its destination was changed.
    package static func originalDestinationAddress(_ family: AddressFamily) -> Field {
        Field(.connection(.originalDestination(family)), .address(family))
    }

    // MARK: Protocols and ports

    /// `meta l4proto`.
    package static let transportProtocol = Field(.meta(.transportProtocol), .inetProtocol)

    /// `th dport`, which means nothing unless the rule also looks at the protocol.
    package static let destinationPort = Field(.header(.destinationPort), .inetService)

    /// `tcp dport`, `udp dport`.
    package static func destinationPort(of number: InetProtocol) -> Field {
        Field(.header(.destinationPort), .inetService, requires: .transportProtocol(number))
    }

    /// `ct original proto-dst`, which means nothing unless the rule also looks at the protocol.
    package static let originalDestinationPort = Field(.connection(.originalDestinationPort), .inetService)

    /// `meta mark`, `ct mark`.
    package static func mark(_ mark: Mark) -> Field {
        switch mark {
        case .packet: Field(.meta(.mark), .mark)
        case .connection: Field(.connection(.mark), .mark)
        }
    }
}

extension HeaderBytes {
    /// RFC 791, section 3.1; RFC 8200, section 3.
    static func sourceAddress(_ family: AddressFamily) -> HeaderBytes {
        switch family {
        case .v4: .network(offset: 12, count: 4)
        case .v6: .network(offset: 8, count: 16)
        }
    }

    static func destinationAddress(_ family: AddressFamily) -> HeaderBytes {
        switch family {
        case .v4: .network(offset: 16, count: 4)
        case .v6: .network(offset: 24, count: 16)
        }
    }

    /// IEEE 802.3, section 3.2: the destination's six bytes come first.
    fileprivate static let sourceMAC = HeaderBytes.link(offset: 6, count: 6)

    /// The same in TCP, UDP and SCTP.
    fileprivate static let destinationPort = HeaderBytes.transport(offset: 2, count: 2)
}
