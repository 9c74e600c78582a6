import Addressing
import Attachments
import Hashing
import LinuxSystem
import Nftables

/// The chains, sets and maps of the table, and what an attachment has in them.
extension PortForwarding {
    /// The table with sets for all sources that there are, and those that are needed for ports.
    func ruleset(
        with ports: [PortForward], on socket: inout NftablesSocket
    ) throws(SystemError) -> ContainerRuleset {
        var sources = try sourceSets(on: &socket)
        for source in ports.flatMap(\.sources) {
            let set = SourceSet(source.family, source.prefixLength, in: table)
            if !sources.contains(set) { sources.append(set) }
        }
        // The longest prefix first, for no other reason than that there be one order.
        sources.sort { ($0.family == .v4 ? 0 : 1, -$0.prefixLength) < ($1.family == .v4 ? 0 : 1, -$1.prefixLength) }

        let mappings = Chain(in: table, "mappings", comment: "what comes to this host")
        let masquerade = Chain(in: table, "sources", comment: "whom a container could not answer otherwise")
        let toHost = [[Statement.destinationIsLocal, .verdict(.jump(to: mappings.name))]]
        let unasked = Chain(in: table, "unasked", hook: .prerouting)
        return ContainerRuleset(
            table: table,
            chains: [
                .init(unasked, [Self.isToLocalhostFromElsewhere + [.verdict(.drop)]]),
                .init(mappings, AddressFamily.allCases.flatMap(lookups)),
                .init(masquerade, sources.map { [.match($0.fields, in: $0.set), .masquerade()] }),
                .init(
                    Chain(in: table, "postrouting", hook: .sourceNAT),
                    [[.connection(has: .destinationNAT), .verdict(.jump(to: masquerade.name))]]),
                .init(Chain(in: table, "output", hook: .outputDestinationNAT), toHost),
                .init(Chain(in: table, "prerouting", hook: .destinationNAT), toHost),
            ],
            maps: AddressFamily.allCases.flatMap { [addressMap($0), portMap($0), index($0)] } + sources.map(\.set),
            chainPrefix: nil)
    }

    /// The kernel lets it in by interfaces that have `route_localnet` on, as answers from containers need, which still have
    /// another destination here; and so whoever is behind them would reach what listens at 127.0.0.1 alone.
    private static let isToLocalhostFromElsewhere: [Statement] = [
        .match(.inputInterface, .interfaceName("lo"), negated: true),
        .destinationAddress(in: .loopback(.v4)),
    ]

    /// A port of one address goes before the same of all.
    private func lookups(_ family: AddressFamily) -> [[Statement]] {
        let address: [Field] = [.transportProtocol, .destinationAddress(family), .destinationPort]
        return [
            [.destinationNAT(family, to: address, from: addressMap(family))],
            [.destinationNAT(family, to: [.transportProtocol, .destinationPort], from: portMap(family))],
        ]
    }

    // MARK: Sets and maps

    /// What comes to one address of the host.
    private func addressMap(_ family: AddressFamily) -> NftablesSet {
        NftablesSet(
            in: table, "addresses\(family.digit)", [.inetProtocol, .address(family), .inetService],
            to: .values([.address(family), .inetService]))
    }

    /// What comes to any address of the host.
    private func portMap(_ family: AddressFamily) -> NftablesSet {
        NftablesSet(
            in: table, "ports\(family.digit)", [.inetProtocol, .inetService],
            to: .values([.address(family), .inetService]))
    }

    /// What an attachment has, numbered from 0 on; an address of all zeros stands for any.
    private func index(_ family: AddressFamily) -> NftablesSet {
        NftablesSet(
            in: table, "owners\(family.digit)", [.interfaceName, .inetService],
            to: .values([.inetProtocol, .address(family), .inetService]), comment: "the ports that each attachment has")
    }

    private func sourceSets(on socket: inout NftablesSocket) throws(SystemError) -> [SourceSet] {
        try socket.setNames(in: table).compactMap { SourceSet(named: $0, in: table) }
    }

    // MARK: Elements

    /// All that ports need, each once.
    func elements(for ports: [PortForward], _ owner: Attachment) -> [NftablesSet.Element] {
        var elements: [NftablesSet.Element] = []
        var seen: Set<NftablesSet.Element> = []
        for family in AddressFamily.allCases {
            for (number, port) in zip(UInt16.min...UInt16.max, ports.filter { $0.family == family }) {
                let entry = NftablesSet.Element(
                    in: index(family), Self.indexKey(owner, number),
                    .values([
                        .inetProtocol(InetProtocol(port.transport)), .address(port.hostAddress),
                        .inetService(port.hostPort),
                    ]),
                    comment: owner.comment)
                for element in self.elements(for: port, owner) + [entry] where seen.insert(element).inserted {
                    elements.append(element)
                }
            }
        }
        return elements
    }

    /// What one port needs, the index aside.
    func elements(for port: PortForward, _ owner: Attachment) -> [NftablesSet.Element] {
        let map = port.hostAddress.isUnspecified ? portMap(port.family) : addressMap(port.family)
        let (transport, address) = (
            DataValue.inetProtocol(InetProtocol(port.transport)), DataValue.address(port.hostAddress)
        )
        let mapping = NftablesSet.Element(
            in: map,
            (port.hostAddress.isUnspecified ? [transport] : [transport, address]) + [.inetService(port.hostPort)],
            .values([.address(port.target.address), .inetService(port.targetPort)]), comment: owner.comment)
        let sources = port.sources.map { source in
            let set = SourceSet(source.family, source.prefixLength, in: table)
            return NftablesSet.Element(in: set.set, set.key(source.address, port), comment: owner.comment)
        }
        return [mapping] + sources
    }

    /// All that an attachment has, found by the index.
    func elements(
        of owner: Attachment, on socket: inout NftablesSocket
    ) throws(SystemError) -> [NftablesSet.Element] {
        var elements: [NftablesSet.Element] = []
        // Ports that lead to one of the container's share what is masqueraded.
        var shared: Set<NftablesSet.Element> = []
        var sources: [SourceSet]?
        for family in AddressFamily.allCases {
            for number in UInt16.min...UInt16.max {
                let entry = try socket.element(for: Self.indexKey(owner, number), in: index(family))
                guard let entry, entry.comment == owner.comment else { break }
                elements.append(entry)
                guard let mapping = try mapping(of: entry, family, on: &socket), let port = PortForward(mapping) else {
                    continue
                }
                elements.append(mapping)
                if sources == nil { sources = try sourceSets(on: &socket) }
                for set in sources ?? [] where set.family == family {
                    for source in set.candidates(for: port) {
                        let element = try socket.element(for: set.key(source, port), in: set.set)
                        if let element, element.comment == owner.comment { shared.insert(element) }
                    }
                }
            }
        }
        return elements + shared
    }

    /// What an entry of the index tells of, if it is the same attachment's.
    private func mapping(
        of entry: NftablesSet.Element, _ family: AddressFamily, on socket: inout NftablesSocket
    ) throws(SystemError) -> NftablesSet.Element? {
        guard case .values(let values) = entry.data, values.count == 3, case .address(let address) = values[1] else {
            return nil
        }
        let element =
            try address.isUnspecified
            ? socket.element(for: [values[0], values[2]], in: portMap(family))
            : socket.element(for: values, in: addressMap(family))
        return element?.comment == entry.comment ? element : nil
    }

    /// The name of an interface is the one type of nft(8)'s that holds any text.
    private static func indexKey(_ owner: Attachment, _ number: UInt16) -> [DataValue] {
        let key = SHA512.hexadecimal("\(owner.network) \(owner.containerID) \(owner.interfaceName)", digits: 15)
        return [.interfaceName(key), .inetService(number)]
    }
}

/// From where connections to containers are masqueraded, as networks of one prefix length: a rule for each length finds
/// what it needs in constant time.
private struct SourceSet: Equatable {
    let family: AddressFamily
    let prefixLength: Int
    let set: NftablesSet

    init(_ family: AddressFamily, _ prefixLength: Int, in table: Table) {
        self.family = family
        self.prefixLength = prefixLength
        set = NftablesSet(
            in: table, Self.prefix(family) + "\(prefixLength)",
            [.address(family), .inetProtocol, .address(family), .inetService])
    }

    /// Nil for the name of another set.
    init?(named name: String, in table: Table) {
        for family in AddressFamily.allCases where name.hasPrefix(Self.prefix(family)) {
            guard let length = Int(name.dropFirst(Self.prefix(family).count)), 0...family.bitWidth ~= length else {
                continue
            }
            self.init(family, length, in: table)
            return
        }
        return nil
    }

    private static func prefix(_ family: AddressFamily) -> String { "sources\(family.digit)-" }

    /// What of a packet to a container is looked up.
    var fields: [Field] {
        [
            .sourceNetwork(family, prefixLength: prefixLength), .transportProtocol, .destinationAddress(family),
            .destinationPort,
        ]
    }

    func key(_ source: IPAddress, _ port: PortForward) -> [DataValue] {
        [
            .address(source), .inetProtocol(InetProtocol(port.transport)), .address(port.target.address),
            .inetService(port.targetPort),
        ]
    }

    /// The networks of this length that a port may have here, whoever it masquerades.
    func candidates(for port: PortForward) -> [IPAddress] {
        let loopback = CIDR.loopback(family)
        return [CIDR(containing: port.target.address, prefixLength: prefixLength)?.address].compactMap(\.self)
            + (prefixLength == loopback.prefixLength ? [loopback.address] : [])
    }
}

extension PortForward {
    /// Reads an element of a map of ports or addresses, which does not tell the network nor who is masqueraded; nil for
    /// any other.
    init?(_ element: NftablesSet.Element) {
        guard case .inetProtocol(let number)? = element.key.first,
            let transport = TransportProtocol(rawValue: number.rawValue),
            case .inetService(let port)? = element.key.last,
            case .values(let values) = element.data, values.count == 2, case .address(let address) = values[0],
            case .inetService(let targetPort) = values[1],
            let target = InterfaceAddress(address, prefixLength: address.family.bitWidth)
        else { return nil }
        var hostAddress = IPAddress.any(address.family)
        if element.key.count == 3, case .address(let address) = element.key[1] { hostAddress = address }
        self.init(transport, hostAddress, port, to: target, targetPort, masquerade: .nobody)
    }
}

extension AddressFamily {
    /// As in the names of sets.
    fileprivate var digit: Int {
        switch self {
        case .v4: 4
        case .v6: 6
        }
    }
}
